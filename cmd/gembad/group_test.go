package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
)

var quiet = slog.New(slog.DiscardHandler)

func TestGroupStopsInOrderEachBeforeTheNext(t *testing.T) {
	var mu sync.Mutex
	var events []string
	note := func(s string) { mu.Lock(); defer mu.Unlock(); events = append(events, s) }
	var up sync.WaitGroup
	up.Add(3)
	waiting := func(name string) actor {
		return actor{name, func(ctx context.Context) error {
			up.Done()
			<-ctx.Done()
			note(name)
			return ctx.Err()
		}}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { up.Wait(); cancel() }()
	err := runGroup(ctx, quiet, func() { note("stopping") }, waiting("source"), waiting("middle"), waiting("sink"))
	if err != nil {
		t.Error(err)
	}
	if want := []string{"stopping", "source", "middle", "sink"}; !slices.Equal(events, want) {
		t.Errorf("stopped %v, want %v", events, want)
	}
}

func TestGroupEndsWithTheFirstFailure(t *testing.T) {
	boom, late := errors.New("boom"), errors.New("late")
	err := runGroup(context.Background(), quiet, nil,
		actor{"broken", func(context.Context) error { return boom }},
		actor{"fine", func(ctx context.Context) error { <-ctx.Done(); return nil }},
		actor{"bad at stopping", func(ctx context.Context) error { <-ctx.Done(); return late }},
	)
	if !errors.Is(err, boom) || !errors.Is(err, late) || !strings.Contains(err.Error(), "broken: boom") {
		t.Errorf("got %v", err)
	}
}
