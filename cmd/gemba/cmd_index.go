package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index"
)

func newIndexCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "index",
		Short:   "Look after the index",
		GroupID: groupCare,
		Args:    noArguments,
		RunE:    needsSubcommand,
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "stats",
			Short: "Count what is there: clips, cameras, bytes",
			Args:  noArguments,
			RunE:  func(cmd *cobra.Command, _ []string) error { return a.indexStats(cmd.Context()) },
		},
		&cobra.Command{
			Use:   "verify",
			Short: "Read everything and report damage",
			Long: `Reads every record of the index and reports damage, each with file and place.
Exit code 1 if there is any. Nothing is changed. Needs --data-dir.`,
			Args: noArguments,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.indexVerify(cmd.Context()) },
		},
		&cobra.Command{
			Use:   "rebuild",
			Short: "Make everything that is derived anew from the log",
			Long: `Makes everything that is derived (codes, text index) anew from the log, which is
the truth and is not touched. gembad must not run on the folder. Needs
--data-dir.`,
			Args: noArguments,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.indexRebuild(cmd.Context()) },
		},
	)
	return cmd
}

// indexReport is what index stats prints with --json.
type indexReport struct {
	Clips      int              `json:"clips"`
	Partitions int              `json:"partitions"`
	Bytes      map[string]int64 `json:"bytes"` // on disk, by kind
	SyncedTo   *time.Time       `json:"synced_to"`
	Cameras    []cameraReport   `json:"cameras"`
}

type cameraReport struct {
	ID         string     `json:"id"`
	Clips      int        `json:"clips"`
	From       *time.Time `json:"from,omitempty"`
	To         *time.Time `json:"to,omitempty"`
	GapSeconds float64    `json:"gap_seconds"` // between the first and the last clip, covered by none
}

func (a *app) indexStats(ctx context.Context) error {
	var r *indexReport
	d, err := a.findDaemon(ctx)
	switch {
	case err == nil:
		r, err = d.indexReport(ctx)
	case errors.As(err, new(*errNoDaemon)) && a.flags.dataDir != "":
		r, err = a.folderReport(ctx)
	}
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(r)
	}
	return a.printIndexReport(r)
}

func (d *daemon) indexReport(ctx context.Context) (*indexReport, error) {
	var status struct {
		Index indexReport `json:"index"`
	}
	if err := d.call(ctx, http.MethodGet, "/api/v1/status", nil, &status); err != nil {
		return nil, err
	}
	var cameras struct {
		Items []struct {
			ID         string     `json:"id"`
			Clips      int        `json:"clips"`
			LastFrame  *time.Time `json:"last_frame"`
			GapSeconds float64    `json:"gap_seconds"`
		} `json:"items"`
	}
	if err := d.call(ctx, http.MethodGet, "/api/v1/cameras", nil, &cameras); err != nil {
		return nil, err
	}
	r := &status.Index
	r.Cameras = []cameraReport{}
	for _, c := range cameras.Items {
		r.Cameras = append(r.Cameras, cameraReport{ID: c.ID, Clips: c.Clips, To: c.LastFrame, GapSeconds: c.GapSeconds})
	}
	return r, nil
}

func (a *app) folderReport(ctx context.Context) (r *indexReport, err error) {
	s, err := a.local.OpenStore(ctx, a.flags.dataDir, false)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	stats := s.Stats()
	r = &indexReport{
		Clips: stats.Clips, Partitions: stats.Partitions, Cameras: []cameraReport{},
		Bytes: map[string]int64{"log": stats.LogBytes, "derived": stats.DerivedBytes, "text": stats.TextBytes, "thumbnails": stats.ThumbBytes},
	}
	if !stats.SyncedUpTo.IsZero() {
		t := stats.SyncedUpTo.UTC()
		r.SyncedTo = &t
	}
	cameras, _, _, err := s.Coverage(ctx, index.Filter{})
	if err != nil {
		return nil, err
	}
	for _, c := range cameras {
		from, to := c.From.UTC(), c.To.UTC()
		r.Cameras = append(r.Cameras, cameraReport{ID: c.Camera, Clips: c.Clips, From: &from, To: &to, GapSeconds: c.Gap.Seconds()})
	}
	return r, nil
}

func (a *app) printIndexReport(r *indexReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s in %s (one camera, one day each)\n", count(r.Clips, "clip"), count(r.Partitions, "partition"))
	if r.SyncedTo != nil {
		fmt.Fprintf(&b, "newest footage that is safe against a power cut: %s\n", r.SyncedTo.In(a.location).Format("2006-01-02 15:04:05"))
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nON DISK\tSIZE")
	for _, kind := range slices.Sorted(maps.Keys(r.Bytes)) {
		fmt.Fprintf(w, "%s\t%s\n", printable(kind), bytesText(r.Bytes[kind]))
	}
	if len(r.Cameras) > 0 {
		fmt.Fprintln(w, "\nCAMERA\tCLIPS\tLATEST\tGAPS")
	}
	for _, c := range r.Cameras {
		latest := "-"
		if c.To != nil {
			latest = c.To.In(a.location).Format("2006-01-02 15:04:05")
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", printable(c.ID), c.Clips, latest, gapText(c.GapSeconds))
	}
	w.Flush()
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

// gapText writes how long a camera is not covered, coarsely: gaps between days
// that were imported may be years.
func gapText(s float64) string {
	switch {
	case s >= 48*3600:
		return fmt.Sprintf("%.0f days", s/(24*3600))
	case s >= 2*3600:
		return fmt.Sprintf("%.1f h", s/3600)
	}
	return secondsText(s)
}

// storeFolder is the data folder that verify and rebuild work on.
func (a *app) storeFolder(cmd string) (string, error) {
	if a.flags.dataDir == "" {
		return "", usagef("index %s works on a data folder: name it with --data-dir", cmd)
	}
	return a.flags.dataDir, nil
}
