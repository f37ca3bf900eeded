package tune

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index/vfs"
)

var quick = Options{Config: small(24, 32), Epochs: 3, BatchPairs: 32, Rate: 1e-3, Seed: 5}

func run(t *testing.T, d *Dataset, o Options) *Result {
	t.Helper()
	r, err := Run(context.Background(), d, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Grades that say what clips show are learned from, and the head is promoted.
func TestTrainingLearns(t *testing.T) {
	o := quick
	o.Epochs = 6
	r := run(t, newSite(1, 24, 32).dataset(t, 80, 8, true), o)
	if !r.Verdict.Promote || r.Verdict.After <= r.Verdict.Before || r.Verdict.Comparison.Low <= 0 {
		t.Fatalf("not promoted: %+v, choosing %v", r.Verdict, r.Choosing)
	}
	if first, last := r.Losses[0], r.Losses[len(r.Losses)-1]; last >= first {
		t.Errorf("loss went from %v to %v", first, last)
	}
	if r.Head.Identity() || r.Head.BlockOff() {
		t.Error("the head learned nothing")
	}
	t.Log(r.Verdict.Reason, "choosing", r.Choosing, "losses", r.Losses)
}

// Grades without sense teach nothing that promotes a head.
func TestGradesWithoutSenseAreNotPromoted(t *testing.T) {
	promoted := 0
	for seed := range uint64(5) {
		if run(t, newSite(seed, 24, 32).dataset(t, 60, 6, false), quick).Verdict.Promote {
			promoted++
		}
	}
	if promoted > 1 {
		t.Errorf("%d of 5 heads were promoted", promoted)
	}
}

func TestRunsAreEqual(t *testing.T) {
	a := run(t, newSite(3, 24, 32).dataset(t, 30, 6, true), quick)
	b := run(t, newSite(3, 24, 32).dataset(t, 30, 6, true), quick)
	if !slices.Equal(a.Head.Values, b.Head.Values) || !slices.Equal(a.Losses, b.Losses) {
		t.Error("two runs differ")
	}
	o := quick
	o.Seed++
	if c := run(t, newSite(3, 24, 32).dataset(t, 30, 6, true), o); slices.Equal(a.Losses, c.Losses) {
		t.Error("the seed has no say")
	}
}

// Killed at any step, with the power cut at the same moment, training goes on
// from its checkpoint and ends with the very head of a run that was left alone.
func TestResumeAfterPowerCut(t *testing.T) {
	d := newSite(3, 8, 8).dataset(t, 16, 4, true)
	quick := quick
	quick.Config, quick.BatchPairs = small(8, 8), 10
	want := run(t, d, quick)
	steps := len(d.batches(quick.Seed, 0, quick.BatchPairs, 24))
	if steps < 3 {
		t.Fatalf("only %d steps an epoch", steps)
	}
	rapid.Check(t, func(t *rapid.T) {
		fsys := vfs.NewMem()
		o := quick
		o.Checkpoint, o.CheckpointEvery = "checkpoint", 2
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		for range rapid.IntRange(1, 3).Draw(t, "cuts") {
			o.FS = fsys
			at := rapid.IntRange(1, 3*steps).Draw(t, "at")
			killed := errors.New("power cut")
			// From some step on every write fails, as for a process that is gone.
			n := 0
			o.Progress = func(Progress) {
				if n++; n == at {
					fsys.SetHook(func(vfs.Op, string) error { return killed })
				}
			}
			if _, err := Run(context.Background(), d, o); err != nil && !errors.Is(err, killed) {
				t.Fatal(err)
			}
			fsys = fsys.Crash(rng)
		}
		o.FS, o.Progress = fsys, nil
		got, err := Run(context.Background(), d, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Head.Values, want.Head.Values) || !slices.Equal(got.Choosing, want.Choosing) || got.Verdict.After != want.Verdict.After {
			t.Fatal("the interrupted run ended elsewhere")
		}
	})
}

// Told to stop, it keeps what it has and goes on from there.
func TestInterruptedRunGoesOn(t *testing.T) {
	d := newSite(3, 24, 32).dataset(t, 30, 6, true)
	want := run(t, d, quick)
	o := quick
	o.FS, o.Checkpoint, o.CheckpointEvery = vfs.NewMem(), "checkpoint", 1000
	ctx, cancel := context.WithCancel(context.Background())
	o.Progress = func(p Progress) {
		if p.Step == 2 {
			cancel()
		}
	}
	if _, err := Run(ctx, d, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	first := 0
	o.Progress = func(p Progress) {
		if first == 0 {
			first = p.Step
		}
	}
	got := run(t, d, o)
	if !got.Resumed || first != 3 || !slices.Equal(got.Head.Values, want.Head.Values) {
		t.Errorf("resumed %v at step %d", got.Resumed, first)
	}
}

func TestDiskFullDuringCheckpoint(t *testing.T) {
	d := newSite(3, 24, 32).dataset(t, 30, 6, true)
	fsys := vfs.NewMem()
	o := quick
	o.FS, o.Checkpoint, o.CheckpointEvery = fsys, "checkpoint", 1
	n := 0
	o.Progress = func(Progress) {
		if n++; n == 4 {
			fsys.SetBudget(1000)
		}
	}
	_, err := Run(context.Background(), d, o)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "once there is room") {
		t.Fatal(err)
	}
	fsys.SetBudget(-1)
	o.Progress = nil
	if got := run(t, d, o); !got.Resumed || !slices.Equal(got.Head.Values, run(t, d, quick).Head.Values) {
		t.Errorf("resumed %v", got.Resumed)
	}
}

// A checkpoint of other grades, of other options or without sense is not used.
func TestOtherCheckpointsAreNotUsed(t *testing.T) {
	d := newSite(3, 24, 32).dataset(t, 30, 6, true)
	o := quick
	o.FS, o.Checkpoint = vfs.NewMem(), "checkpoint"
	run(t, d, o)
	if r := run(t, newSite(4, 24, 32).dataset(t, 30, 6, true), o); r.Resumed {
		t.Error("resumed with other grades")
	}
	other := o
	other.Rate *= 2
	if r := run(t, d, other); r.Resumed {
		t.Error("resumed with other options")
	}
	if err := vfs.WriteFileAtomic(o.FS, "checkpoint", []byte("gemba checkpoint 1\nnonsense")); err != nil {
		t.Fatal(err)
	}
	if r := run(t, d, other); r.Resumed {
		t.Error("resumed from nonsense")
	}
}

func TestBudgets(t *testing.T) {
	d := newSite(3, 24, 32).dataset(t, 30, 6, true)
	o := quick
	o.Time = time.Minute
	clock := time.Unix(0, 0)
	o.now = func() time.Time { clock = clock.Add(10 * time.Second); return clock }
	if r := run(t, d, o); !r.OutOfTime || r.Epochs >= quick.Epochs {
		t.Errorf("out of time %v after %d epochs", r.OutOfTime, r.Epochs)
	}
	o = quick
	o.Memory = 1 << 10
	if _, err := Run(context.Background(), d, o); err == nil || !strings.Contains(err.Error(), "MiB are needed") {
		t.Error(err)
	}
}

func TestTooFewGrades(t *testing.T) {
	s := newSite(1, 24, 32)
	same := s.grades(20, 3, true)
	for i := range same {
		same[i].Grade = 2
	}
	for name, grades := range map[string][]Grade{"none": nil, "no contrast": same} {
		d, err := Collect(context.Background(), grades, s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), d, Options{}); !errors.Is(err, ErrTooFewGrades) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Few held-out questions never promote.
	if r := run(t, s.dataset(t, 12, 8, true), quick); r.Verdict.Promote || !strings.Contains(r.Verdict.Reason, "grade clips") {
		t.Errorf("%+v", r.Verdict)
	}
}

// The head that answers stays as it is, and training goes on from it.
func TestStartIsKept(t *testing.T) {
	d := newSite(1, 24, 32).dataset(t, 60, 8, true)
	first := run(t, d, quick).Head
	o := quick
	o.Start = head.Convert[float32](first)
	r := run(t, d, o)
	if !slices.Equal(o.Start.Values, first.Values) {
		t.Error("the head that answers was changed")
	}
	if len(r.Choosing) == 0 || r.Choosing[0] < 0 {
		t.Fatal("no questions for choosing")
	}
	if math.Abs(r.Choosing[0]-slices.Max(run(t, d, quick).Choosing)) > 1e-9 {
		t.Error("training did not begin at the head given")
	}
}

func TestCollect(t *testing.T) {
	s := newSite(1, 24, 32)
	s.asks["red car"], s.shows["a"], s.shows["b"] = []int{1, 2}, []int{1, 2}, []int{3}
	s.gone["c"] = true
	d, err := Collect(context.Background(), []Grade{
		{Query: "red car", Clip: "a", Grade: 0}, {Query: "Red  car?", Clip: "a", Grade: 3}, {Query: "red car", Clip: "b", Grade: 1},
		{Query: "red car", Clip: "b", Grade: 1}, {Query: "red car", Clip: "c", Grade: 1},
	}, s)
	if err != nil {
		t.Fatal(err)
	}
	c := d.Counts
	if c.Contradictions != 1 || c.Repeats != 1 || c.Gone != 1 || c.Grades != 2 || c.Questions != 1 || d.Questions[0].pairs[0].relevancy != 1 {
		t.Errorf("%+v", c)
	}
	for name, g := range map[string]Grade{
		"grade -1": {Query: "q", Clip: "a", Grade: -1}, "grade 4": {Query: "q", Clip: "a", Grade: 4},
		"no question": {Query: " ?", Clip: "a"}, "no clip": {Query: "q"}, "not text": {Query: "\xff", Clip: "a"},
	} {
		if _, err := Collect(context.Background(), []Grade{g}, s); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestSplitIsFixed(t *testing.T) {
	if PartOf("A worker with a helmet") != PartOf("a  worker with a helmet?") {
		t.Error("one question lies in two parts")
	}
	var n [3]int
	s := newSite(1, 4, 4)
	s.grades(2000, 1, true)
	for text := range s.asks {
		n[PartOf(text)]++
	}
	if n[Train] < 1200 || n[Train] > 1400 || n[HeldOut] < 340 || n[HeldOut] > 460 || n[Choose] < 240 || n[Choose] > 360 {
		t.Errorf("parts of %v", n)
	}
}

func TestSourceMistakesAreNamed(t *testing.T) {
	s := newSite(1, 24, 32)
	d := s.dataset(t, 30, 4, true)
	o := quick
	o.Config = small(25, 32)
	if _, err := Run(context.Background(), d, o); !errors.Is(err, head.ErrShape) {
		t.Error(err)
	}
	f := Footage{Vector: []float32{float32(math.NaN())}}
	f.Tokens.Rows, f.Tokens.Dims, f.Tokens.Data = 1, 1, []int8{1}
	if err := f.prepare(); err == nil || !strings.Contains(err.Error(), "finite") {
		t.Error(err)
	}
}

// The loss over graded pairs is the batch form where each question has one
// drawn clip and everything is known.
func TestGradedLossIsTheBatchForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.IntRange(2, 5).Draw(t, "batch")
		s, r, p := square(b), square(b), make([]float64, b)
		var batch []sample
		var scores []float32
		for j := range b { // sentence
			for i := range b { // clip
				if i == j {
					r[i][j], p[i] = 1, 1
				} else {
					r[i][j] = rapid.SampledFrom([]float64{0, 0.1}).Draw(t, "r")
				}
				score := float32(rapid.Float64Range(-1, 1).Draw(t, "s"))
				s[i][j] = float64(score)
				batch, scores = append(batch, sample{j, pair{clip: i, relevancy: r[i][j]}}), append(scores, score)
			}
		}
		want, grad, err := DefaultSMS().Loss(s, r, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, slopes, _ := DefaultSMS().gradedLoss(batch, scores)
		if math.Abs(got-want) > 1e-9 {
			t.Fatalf("loss %v, want %v", got, want)
		}
		for k, x := range batch {
			if math.Abs(float64(slopes[k])-grad[x.clip][x.question]) > 1e-6 {
				t.Fatalf("slope %v, want %v", slopes[k], grad[x.clip][x.question])
			}
		}
	})
}

type picky struct{ *site }

func (p picky) Question(ctx context.Context, text string) (head.Query[float32], float32, error) {
	if strings.HasSuffix(text, "0") {
		return head.Query[float32]{}, 0, ErrUnsuited
	}
	return p.site.Question(ctx, text)
}

func TestUnsuitedQuestionsAreCounted(t *testing.T) {
	s := newSite(1, 24, 32)
	s.asks["b 1"], s.asks["c 2"] = []int{1}, []int{2}
	var grades []Grade
	for _, q := range []string{"a 0", "b 1", "c 0", "c 2"} {
		grades = append(grades, Grade{Query: q, Clip: "x"}, Grade{Query: q, Clip: "y", Grade: 1})
	}
	d, err := Collect(context.Background(), grades, picky{s})
	if err != nil || d.Counts.Unsuited != 4 || d.Counts.Questions != 2 || d.Counts.Grades != 4 {
		t.Errorf("%+v %v", d.Counts, err)
	}
}

type based struct{ *site }

func (b based) Base(_ context.Context, _ string, clips []Footage, first []float32) ([]float32, error) {
	out := make([]float32, len(first))
	for i := range first {
		out[i] = first[i] + clips[i].Hub
	}
	return out, nil
}

// Where something else than the first stage answers, that is what is corrected.
func TestBaseScoresAreWhatIsCorrected(t *testing.T) {
	s := newSite(1, 24, 32)
	grades := s.grades(5, 4, true)
	plain, err := Collect(context.Background(), grades, s)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Collect(context.Background(), grades, based{s})
	if err != nil {
		t.Fatal(err)
	}
	for i, q := range plain.Questions {
		for j, p := range q.pairs {
			if got, want := other.Questions[i].pairs[j].firstStage, p.firstStage+plain.clips[p.clip].Hub; got != want {
				t.Fatalf("base %v, want %v", got, want)
			}
		}
	}
}
