package agent

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/gembahq/gemba/index"
)

func TestJobs(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 8")
	b.write(t, "bad.mp4", "letter")
	jobs := NewJobs(b.Importer)
	defer jobs.Close()
	if _, err := jobs.Start(ImportRequest{Paths: []string{b.dir}, Camera: "No"}); !errors.Is(err, ErrBadRequest) {
		t.Errorf("got %v", err)
	}
	id, err := jobs.Start(b.request())
	if err != nil {
		t.Fatal(err)
	}
	var s JobState
	until(t, "the job has ended", func() bool { s, _ = jobs.Get(id); return s.State != JobRunning })
	if s.State != JobDone || s.Progress != 1 || s.Result == nil || s.Result.Clips != len(b.store.clips) || len(s.Result.Failed) != 1 {
		t.Errorf("got %+v with %+v", s, s.Result)
	}
	if _, ok := jobs.Get("none"); ok || jobs.Cancel("none") {
		t.Error("a job that never was")
	}
}

func TestJobsAreCancelledAndWaitTheirTurn(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 600")
	gate := make(chan struct{})
	b.encoder.gate = gate
	jobs := NewJobs(b.Importer)
	first, err := jobs.Start(b.request())
	if err != nil {
		t.Fatal(err)
	}
	second, err := jobs.Start(b.request(filepath.Join(b.dir, "none.mp4")))
	if err != nil {
		t.Fatal(err)
	}
	gate <- struct{}{} // the first is at work
	if s, _ := jobs.Get(second); s.State != JobRunning || s.Result != nil {
		t.Errorf("the second: %+v", s)
	}
	if !jobs.Cancel(first) {
		t.Error("it cannot be cancelled")
	}
	close(gate)
	until(t, "both have ended", func() bool {
		a, _ := jobs.Get(first)
		b, _ := jobs.Get(second)
		return a.State == JobCancelled && b.State == JobDone
	})
	if s, _ := jobs.Get(first); s.Result == nil || s.Result.Clips == 0 {
		t.Errorf("what the cancelled one had cut is lost: %+v", s)
	}
	third, err := jobs.Start(b.request())
	if err != nil {
		t.Fatal(err)
	}
	jobs.Close()
	if s, _ := jobs.Get(third); s.State == JobRunning {
		t.Errorf("after Close: %+v", s)
	}
	if _, err := jobs.Start(b.request()); err == nil {
		t.Error("a closed list takes jobs")
	}
}

func TestFailedJobSaysWhy(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 8")
	b.store.before = func(int) error { return fmt.Errorf("append: %w", index.ErrDiskFull) }
	jobs := NewJobs(b.Importer)
	defer jobs.Close()
	id, err := jobs.Start(b.request())
	if err != nil {
		t.Fatal(err)
	}
	var s JobState
	until(t, "the job has ended", func() bool { s, _ = jobs.Get(id); return s.State != JobRunning })
	if s.State != JobFailed || s.Message == "" {
		t.Errorf("got %+v", s)
	}
}

func TestJobsAreForgottenInTheEnd(t *testing.T) {
	b := newBench(t)
	jobs := NewJobs(b.Importer)
	defer jobs.Close()
	var first string
	for i := range keptJobs + 5 {
		id, err := jobs.Start(b.request())
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = id
		}
		until(t, "the job has ended", func() bool { s, _ := jobs.Get(id); return s.State == JobDone })
	}
	if _, ok := jobs.Get(first); ok {
		t.Error("the first is still kept")
	}
	if len(jobs.jobs) != keptJobs {
		t.Errorf("%d are kept", len(jobs.jobs))
	}
}
