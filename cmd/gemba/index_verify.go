package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gembahq/gemba/index"
)

// verifyReport is what index verify prints with --json.
type verifyReport struct {
	OK       bool           `json:"ok"`
	Clips    int            `json:"clips"`
	Problems []indexProblem `json:"problems"`
	More     int            `json:"more"` // problems beyond those listed
	Seconds  float64        `json:"seconds"`
}

type indexProblem struct {
	Path      string `json:"path"`
	Offset    int64  `json:"offset"`
	Reason    string `json:"reason"`
	LostClips int    `json:"lost_clips"`
}

// maxListedProblems bounds a report on a disk that is coming apart.
const maxListedProblems = 1000

func (a *app) indexVerify(ctx context.Context) (err error) {
	dir, err := a.storeFolder("verify")
	if err != nil {
		return err
	}
	s, err := a.local.OpenStore(ctx, dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	began := time.Now()
	r := verifyReport{Problems: []indexProblem{}}
	// What was found while opening is found again while reading.
	reported := map[index.Problem]bool{}
	err = s.Verify(ctx, func(p index.Problem) {
		if reported[p] {
			return
		}
		if len(r.Problems) == maxListedProblems {
			r.More++
			return
		}
		reported[p] = true
		r.Problems = append(r.Problems, indexProblem{Path: p.Path, Offset: p.Offset, Reason: p.Reason, LostClips: p.Lost})
		if !a.flags.json {
			fmt.Fprintln(a.stdout, printable(p.String()))
		}
	})
	if err != nil {
		return fmt.Errorf("verify the index: %w", err)
	}
	r.OK, r.Clips, r.Seconds = len(r.Problems) == 0, s.Stats().Clips, time.Since(began).Seconds()
	switch {
	case a.flags.json:
		err = a.printJSON(r)
	case r.OK:
		_, err = fmt.Fprintf(a.stdout, "%d clips, no damage found.\n", r.Clips)
	default:
		_, err = fmt.Fprintf(a.stdout, "\n%d problems. Derived data is made again by: gemba index rebuild --data-dir %s\n", len(r.Problems)+r.More, dir)
	}
	if err == nil && !r.OK {
		err = errReported
	}
	return err
}

func (a *app) indexRebuild(ctx context.Context) (err error) {
	dir, err := a.storeFolder("rebuild")
	if err != nil {
		return err
	}
	s, err := a.local.OpenStore(ctx, dir, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	began := time.Now()
	if err := s.Rebuild(ctx); err != nil {
		return fmt.Errorf("rebuild the index: %w", err)
	}
	clips, took := s.Stats().Clips, time.Since(began)
	if a.flags.json {
		return a.printJSON(map[string]any{"clips": clips, "seconds": took.Seconds()})
	}
	_, err = fmt.Fprintf(a.stdout, "%d clips; everything derived is new, in %s.\n", clips, seconds(took))
	return err
}
