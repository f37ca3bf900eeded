package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/tune/feedback"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/httpapi"
	"github.com/gembahq/gemba/index/vfs"
)

func TestGradesAreKept(t *testing.T) {
	fsys := vfs.NewMem()
	if err := fsys.MkdirAll("data"); err != nil {
		t.Fatal(err)
	}
	store, err := feedback.Open(fsys, "data/feedback")
	if err != nil {
		t.Fatal(err)
	}
	g := httpapi.ClipGrade{Query: "a white car", Clip: index.ID(7), Grade: 3, Time: time.Unix(5, 0)}
	if err := (grades{store}).Add(context.Background(), g); err != nil {
		t.Fatal(err)
	}
	if kept := store.Grades(); len(kept) != 1 || kept[0].Clip != "0000000000000007" || kept[0].Grade != 3 {
		t.Errorf("%+v", kept)
	}
	fsys.SetBudget(0)
	if err := (grades{store}).Add(context.Background(), g); !errors.Is(err, httpapi.ErrNoRoom) {
		t.Error(err)
	}
}
