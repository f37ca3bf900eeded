package tune

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index"
)

// ErrGone is returned by a Source for a clip that is no longer in the index. Its
// grades are left out and counted.
var ErrGone = errors.New("the clip is no longer in the index")

// ErrUnsuited is returned by a Source for a question that the head cannot learn
// from, such as one that names only what must not be there. Its grades are left
// out and counted.
var ErrUnsuited = errors.New("the head cannot learn from this question")

// Footage is what training needs of a clip: never its pictures.
type Footage struct {
	Tokens index.Tokens
	Vector []float32 // as stored: mean over the views
	Plain  []float32 // unit, of the plain view; nil: Vector's direction
	Hub    float32
}

// Source gives what the grades are about.
type Source interface {
	// Question returns a question as the head sees it and the first stage's
	// alpha for it, or an error that wraps ErrUnsuited.
	Question(ctx context.Context, text string) (q head.Query[float32], alpha float32, err error)
	// Clip returns a clip, or an error that wraps ErrGone.
	Clip(ctx context.Context, id string) (Footage, error)
}

// Base is a Source that also knows the scores which answer without a tuned head,
// where those are not the first stage's alone (the pack's own refinement). What
// is trained then corrects them.
type Base interface {
	// Base scores clips for a question; firstStage has the first stage's scores.
	Base(ctx context.Context, text string, clips []Footage, firstStage []float32) ([]float32, error)
}

// Dataset is graded pairs, by question.
type Dataset struct {
	Questions []Question
	clips     []Footage
	Counts    Counts
}

// Question is one question with all its graded clips.
type Question struct {
	Text  string
	Part  Part
	query head.Query[float32]
	pairs []pair
}

type pair struct {
	clip       int // in Dataset.clips
	firstStage float32
	relevancy  float64
}

// Counts says what became of the grades.
type Counts struct {
	Grades         int // taken
	Questions      int
	Contradictions int // replaced by a later, different grade of the same pair
	Repeats        int // the same grade again
	Gone           int // the clip is no longer in the index
	Unsuited       int // the head cannot learn from the question
	NoContrast     int // questions whose clips all have one grade: nothing to learn within them
	Train, Choose  int // questions in each part
	HeldOut        int
}

// Collect makes a dataset of grades, in the order in which they were given: of
// two grades of one pair the later one counts. A grade that is no grade refuses
// all of them, since it means that they were not read rightly.
func Collect(ctx context.Context, grades []Grade, source Source) (*Dataset, error) {
	type key struct{ query, clip string }
	latest := map[key]Grade{}
	d := &Dataset{}
	var order []key
	for i, g := range grades {
		if err := g.Check(); err != nil {
			return nil, fmt.Errorf("grade %d: %w", i+1, err)
		}
		k := key{Normalize(g.Query), g.Clip}
		switch before, again := latest[k]; {
		case !again:
			order = append(order, k)
		case before.Grade != g.Grade:
			d.Counts.Contradictions++
		default:
			d.Counts.Repeats++
		}
		latest[k] = g
	}
	// Sorted, so that the order of grades changes nothing but which one counts.
	slices.SortFunc(order, func(a, b key) int {
		if c := strings.Compare(a.query, b.query); c != 0 {
			return c
		}
		return strings.Compare(a.clip, b.clip)
	})
	clips := map[string]int{}
	var alpha float32
	unsuited := ""
	for _, k := range order {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at, known := clips[k.clip]
		if !known {
			f, err := source.Clip(ctx, k.clip)
			switch {
			case errors.Is(err, ErrGone):
				at = -1
			case err != nil:
				return nil, fmt.Errorf("read clip %s: %w", k.clip, err)
			default:
				if err := f.prepare(); err != nil {
					return nil, fmt.Errorf("clip %s: %w", k.clip, err)
				}
				d.clips, at = append(d.clips, f), len(d.clips)
			}
			clips[k.clip] = at
		}
		if at < 0 {
			d.Counts.Gone++
			continue
		}
		if k.query == unsuited {
			d.Counts.Unsuited++
			continue
		}
		if n := len(d.Questions); n == 0 || d.Questions[n-1].Text != k.query {
			q, a, err := source.Question(ctx, k.query)
			if errors.Is(err, ErrUnsuited) {
				unsuited = k.query
				d.Counts.Unsuited++
				continue
			}
			if err == nil {
				err = finite(q.Tokens.Data, q.Vector, q.Weights, []float32{a})
			}
			if err != nil {
				return nil, fmt.Errorf("encode question %q: %w", k.query, err)
			}
			alpha = a
			d.Questions = append(d.Questions, Question{Text: k.query, Part: PartOf(k.query), query: q})
		}
		q, f := &d.Questions[len(d.Questions)-1], &d.clips[at]
		if len(q.query.Vector) != len(f.Vector) {
			return nil, fmt.Errorf("clip %s has an embedding of %d dimensions, the question %d: they are of different packs", k.clip, len(f.Vector), len(q.query.Vector))
		}
		q.pairs = append(q.pairs, pair{at, inner(q.query.Vector, f.Vector) - alpha*f.Hub, latest[k].Relevancy()})
		d.Counts.Grades++
	}
	if base, ok := source.(Base); ok {
		for i := range d.Questions {
			if err := d.base(ctx, base, &d.Questions[i]); err != nil {
				return nil, fmt.Errorf("score the clips graded for %q: %w", d.Questions[i].Text, err)
			}
		}
	}
	d.count()
	return d, nil
}

// base puts the scores that answer now in the place of the first stage's.
func (d *Dataset) base(ctx context.Context, b Base, q *Question) error {
	clips, scores := make([]Footage, len(q.pairs)), make([]float32, len(q.pairs))
	for i, p := range q.pairs {
		clips[i], scores[i] = d.clips[p.clip], p.firstStage
	}
	scores, err := b.Base(ctx, q.Text, clips, scores)
	if err == nil {
		err = finite(scores)
	}
	if err == nil && len(scores) != len(clips) {
		err = fmt.Errorf("%d scores for %d clips", len(scores), len(clips))
	}
	if err != nil {
		return err
	}
	for i := range q.pairs {
		q.pairs[i].firstStage = scores[i]
	}
	return nil
}

func (d *Dataset) count() {
	d.Counts.Questions = len(d.Questions)
	for _, q := range d.Questions {
		if !q.contrast() {
			d.Counts.NoContrast++
		}
		switch q.Part {
		case HeldOut:
			d.Counts.HeldOut++
		case Choose:
			d.Counts.Choose++
		default:
			d.Counts.Train++
		}
	}
}

// contrast reports whether the clips of a question have different grades.
func (q *Question) contrast() bool {
	for _, p := range q.pairs {
		if p.relevancy != q.pairs[0].relevancy {
			return true
		}
	}
	return false
}

// prepare checks a clip and sets what may be left out.
func (f *Footage) prepare() error {
	if f.Tokens.Rows < 1 || len(f.Tokens.Data) != f.Tokens.Rows*f.Tokens.Dims {
		return fmt.Errorf("%d visual tokens of %d dimensions hold %d numbers: the clip cannot be trained on", f.Tokens.Rows, f.Tokens.Dims, len(f.Tokens.Data))
	}
	if err := finite(f.Vector, f.Plain, []float32{f.Hub, f.Tokens.Scale}); err != nil {
		return err
	}
	if f.Plain == nil {
		length := float32(math.Sqrt(float64(inner(f.Vector, f.Vector))))
		f.Plain = make([]float32, len(f.Vector))
		for i, v := range f.Vector {
			f.Plain[i] = v / max(length, minNorm)
		}
	}
	return nil
}

// clip is a pair's clip as the head sees it.
func (d *Dataset) clip(p pair) head.Clip[float32] {
	f := &d.clips[p.clip]
	cells := head.Matrix[float32]{Rows: f.Tokens.Rows, Cols: f.Tokens.Dims, Data: make([]float32, len(f.Tokens.Data))}
	for i, v := range f.Tokens.Data {
		cells.Data[i] = f.Tokens.Scale * float32(v)
	}
	return head.Clip[float32]{Tokens: cells, Valid: cells.Rows, Vector: f.Plain, FirstStage: p.firstStage, Hub: f.Hub}
}

// fingerprint tells one dataset from another.
func (d *Dataset) fingerprint() uint64 {
	h := fnv.New64a()
	for _, q := range d.Questions {
		fmt.Fprintf(h, "%s\n%v\n", q.Text, q.query.Vector)
		for _, p := range q.pairs {
			fmt.Fprintf(h, "%v %v %v\n", p.firstStage, p.relevancy, d.clips[p.clip].Hub)
		}
	}
	return h.Sum64()
}

func finite(lists ...[]float32) error {
	for _, list := range lists {
		for _, v := range list {
			if v != v || math.IsInf(float64(v), 0) {
				return fmt.Errorf("it holds a number that is not finite (%v); index the clip again or check the pack with gemba pack verify", v)
			}
		}
	}
	return nil
}

func inner(a, b []float32) float32 {
	var s float32
	for i, v := range a {
		s += v * b[i]
	}
	return s
}
