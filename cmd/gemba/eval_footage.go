package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/index/query"
)

func newEvalFootageCommand(a *app) *cobra.Command {
	var dir, truth, pack, reportTo string
	var refine int
	cmd := &cobra.Command{
		Use:   "footage --footage DIR --truth CSV",
		Short: "Ask questions about footage files and see which file comes first",
		Long: `Takes each video file below DIR in as a camera of its own, in a temporary data
folder, asks each question and ranks the files by their best clip. CSV columns:
query, relevant (paths below DIR, separated by a bar; empty if nothing shows it).`,
		Example: "  gemba eval footage --footage testdata/footage --truth testdata/footage/truth.csv",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "footage", "truth"); err != nil {
				return err
			}
			if err := checkRefine(cmd, refine); err != nil {
				return err
			}
			out, err := openReport(reportTo)
			if err != nil {
				return err
			}
			defer out.discard()
			report, err := a.evalFootage(cmd.Context(), dir, truth, pack, refine)
			if err != nil {
				return err
			}
			if err := out.write(report.page(pack, a.location)); err != nil {
				return err
			}
			if a.flags.json {
				err = a.printJSON(report)
			} else {
				err = a.printFootageReport(report)
			}
			if err == nil && len(report.Failed) > 0 {
				err = errReported
			}
			return err
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&dir, "footage", "", "folder of video files")
	fs.StringVar(&truth, "truth", "", "CSV file with the columns query, relevant")
	registerModelFlags(cmd, &pack, &refine)
	registerReport(cmd, &reportTo)
	markFolders(cmd, "footage")
	markFiles(cmd, "csv", "truth")
	return cmd
}

// footageReport is what the command prints with --json.
type footageReport struct {
	Queries        int             `json:"queries"` // questions that some file answers
	NoMatchQueries int             `json:"no_match_queries"`
	Files          int             `json:"files"`
	Clips          int             `json:"clips"`
	Top1           int             `json:"top1"`
	Top3           int             `json:"top3"`
	MRR            eval.Score      `json:"mrr"`
	MAP            eval.Score      `json:"map"`
	NoMatchAUC     eval.Score      `json:"no_match_auc"`
	Items          []footageResult `json:"items"`
	// Failed are files that could not be taken in; they can be no answer.
	Failed []agent.Failure `json:"failed"`

	Refined *refinedFootage `json:"refined,omitempty"`
}

// refinedFootage is what refining the best k clips of each question gives.
type refinedFootage struct {
	K     int             `json:"k"`
	Top1  int             `json:"top1"`
	Top3  int             `json:"top3"`
	MRR   eval.Score      `json:"mrr"`
	MAP   eval.Score      `json:"map"`
	Items []footageResult `json:"items"`
}

type footageResult struct {
	Query    string   `json:"query"`
	Relevant []string `json:"relevant"`
	Rank     *int     `json:"rank"` // of the best relevant file; null if there is none
	First    string   `json:"first"`
	// At is when the best clip of the best relevant file was recorded.
	At      *time.Time `json:"at"`
	NoMatch bool       `json:"no_match"` // what the engine says
	Z       float64    `json:"z"`        // of the best clip over all files
}

func (a *app) evalFootage(ctx context.Context, dir, truth, pack string, refine int) (report *footageReport, err error) {
	questions, err := eval.ReadTruthFile(truth)
	if err != nil {
		return nil, err
	}
	files, err := listFootage(dir)
	if err != nil {
		return nil, err
	}
	if err := checkTruth(questions, files, truth, dir); err != nil {
		return nil, err
	}
	work, err := os.MkdirTemp("", "gemba-eval-")
	if err != nil {
		return nil, fmt.Errorf("make a temporary data folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()

	d, err := a.local.OpenFolder(ctx, work, pack, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()

	report = &footageReport{Files: len(files), Items: []footageResult{}, Failed: []agent.Failure{}}
	if err := a.importFootage(ctx, d, dir, files, report); err != nil {
		return nil, err
	}
	if report.Clips == 0 {
		return nil, fmt.Errorf("no clip came out of the %d files below %s; %s", len(files), dir, firstFailure(report.Failed))
	}
	if err := a.askFootage(ctx, d, files, questions, 0, report); err != nil {
		return nil, err
	}
	if refine > 0 {
		x := &footageReport{Items: []footageResult{}}
		if err := a.askFootage(ctx, d, files, questions, refine, x); err != nil {
			return nil, err
		}
		report.Refined = &refinedFootage{K: refine, Top1: x.Top1, Top3: x.Top3, MRR: x.MRR, MAP: x.MAP, Items: x.Items}
	}
	return report, nil
}

// importFootage takes each file in as the camera of its number.
func (a *app) importFootage(ctx context.Context, d folder, dir string, files []string, report *footageReport) error {
	bar := a.startProgress("footage")
	defer bar.end()
	for i, file := range files {
		bar.set(int64(i), int64(len(files)), fmt.Sprintf("%d of %d files  %s", i, len(files), file), 0)
		path, err := filepath.Abs(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return fmt.Errorf("find %s: %w", file, err)
		}
		r, err := d.Import(ctx, agent.ImportRequest{Paths: []string{path}, Camera: footageCamera(i), Location: a.location}, func(agent.Progress) {})
		if err != nil {
			return fmt.Errorf("take in %s: %w", file, err)
		}
		report.Clips += r.Clips
		for _, f := range r.Failed {
			report.Failed = append(report.Failed, agent.Failure{Path: file, Error: f.Error})
		}
	}
	return nil
}

func footageCamera(i int) string { return fmt.Sprintf("file%06d", i) }

// askFootage asks every question and fills the report.
func (a *app) askFootage(ctx context.Context, d folder, files []string, questions []eval.Question, refine int, report *footageReport) error {
	number := make(map[string]int, len(files))
	for i := range files {
		number[footageCamera(i)] = i
	}
	var ranks []int
	var aps []eval.Score
	var answerable, unanswerable []float64
	for _, q := range questions {
		order, starts, best, noMatch, err := rankFiles(ctx, d, q.Query, refine, number)
		if err != nil {
			return fmt.Errorf("ask %.60q: %w", q.Query, err)
		}
		item := footageResult{Query: q.Query, Relevant: q.Relevant, NoMatch: noMatch, Z: best}
		if len(order) > 0 {
			item.First = files[order[0]]
		}
		if len(q.Relevant) == 0 {
			report.NoMatchQueries++
			unanswerable = append(unanswerable, best)
			report.Items = append(report.Items, item)
			continue
		}
		var relevantRanks []int
		for k, file := range order {
			if slices.Contains(q.Relevant, files[file]) {
				relevantRanks = append(relevantRanks, k+1)
			}
		}
		rank := eval.Unranked
		if len(relevantRanks) > 0 {
			rank = relevantRanks[0]
			item.Rank, item.At = &rank, &starts[rank-1]
		}
		ranks = append(ranks, rank)
		aps = append(aps, eval.AveragePrecision(relevantRanks, len(q.Relevant)))
		answerable = append(answerable, best)
		report.Items = append(report.Items, item)
	}
	report.Queries = len(ranks)
	report.Top1, report.Top3 = eval.CountWithin(ranks, 1), eval.CountWithin(ranks, 3)
	report.MRR, report.MAP = eval.MeanReciprocalRank(ranks), eval.Mean(aps)
	report.NoMatchAUC = eval.AUC(answerable, unanswerable)
	return nil
}

// rankFiles pages through the answer until every file has shown its best clip.
// starts are the beginnings of these clips. best is by how much the first clip stands above unrelated photos.
func rankFiles(ctx context.Context, d folder, text string, refine int, number map[string]int) (order []int, starts []time.Time, best float64, noMatch bool, err error) {
	seen := map[int]bool{}
	best = -math.MaxFloat64 // finite, for JSON and for the area under the curve
	req := query.Request{Query: text, Limit: query.MaxLimit, Refine: refine > 0, RefineTop: refine}
	for page := 0; ; page++ {
		res, err := d.Search(ctx, req)
		if err != nil {
			return nil, nil, 0, false, err
		}
		if page == 0 {
			noMatch = res.NoMatch
			if refine > 0 && res.Refined == 0 && len(res.Items) > 0 {
				return nil, nil, 0, false, errNoHead
			}
			if len(res.Items) > 0 {
				best = res.Items[0].Z
			}
		}
		for _, item := range res.Items {
			if file, ok := number[item.Camera]; ok && !seen[file] {
				seen[file] = true
				order, starts = append(order, file), append(starts, item.Start)
			}
		}
		if res.NextCursor == "" || len(order) == len(number) {
			return order, starts, best, noMatch, nil
		}
		req.Cursor = res.NextCursor
	}
}

// checkTruth refuses questions about files that are not there: they would
// count as failures of the model.
func checkTruth(questions []eval.Question, files []string, truth, dir string) error {
	var missing []string
	for _, q := range questions {
		for _, f := range q.Relevant {
			if _, ok := slices.BinarySearch(files, f); !ok {
				missing = append(missing, fmt.Sprintf("%s:%d: %q is no video file below %s", truth, q.Line, f, dir))
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if len(missing) > 20 {
		missing = append(missing[:20], fmt.Sprintf("%d more", len(missing)-20))
	}
	return errors.New(strings.Join(missing, "\n"))
}

func firstFailure(failed []agent.Failure) string {
	if len(failed) == 0 {
		return "they hold no picture"
	}
	return fmt.Sprintf("for example %s: %s", failed[0].Path, failed[0].Error)
}

func (a *app) printFootageReport(r *footageReport) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RANK\tQUESTION\tFIRST")
	for _, item := range r.Items {
		rank := "-"
		switch {
		case len(item.Relevant) == 0 && item.NoMatch:
			rank = "no match, rightly"
		case len(item.Relevant) == 0:
			rank = "found, wrongly"
		case item.Rank != nil:
			rank = fmt.Sprint(*item.Rank)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", rank, printable(item.Query), printable(item.First))
	}
	w.Flush()
	fmt.Fprintf(&b, "\n%s, %s. %d of %s at rank 1, %d within 3. MRR %v, mAP %v.\n", count(r.Files, "file"), count(r.Clips, "clip"), r.Top1, count(r.Queries, "question"), r.Top3, r.MRR, r.MAP)
	if x := r.Refined; x != nil {
		fmt.Fprintf(&b, "With the best %d clips refined: %d at rank 1, %d within 3. MRR %v, mAP %v.\n", x.K, x.Top1, x.Top3, x.MRR, x.MAP)
	}
	if r.NoMatchQueries > 0 {
		fmt.Fprintf(&b, "%s that nothing answers: area under the curve %v.\n", count(r.NoMatchQueries, "question"), r.NoMatchAUC)
	}
	for _, f := range r.Failed {
		fmt.Fprintf(&b, "Not taken in: %s: %s\n", printable(f.Path), printable(f.Error))
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}
