package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index/eval"
)

func newEvalLabelsCommand(a *app) *cobra.Command {
	var f photoFlags
	var labels, reportTo string
	var least int
	cmd := &cobra.Command{
		Use:   "labels --images DIR_OR_TAR --labels CSV",
		Short: "Find photos by the names of what is in them",
		Long: `Each label that at least --min photos carry is asked by its own words over all
photos of the split; textbook average precision. CSV columns: image, split,
source, labels ("forklift x1|person x2").`,
		Example: "  gemba eval labels --images images.tar --labels labels.csv --split val",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "images", "labels"); err != nil {
				return err
			}
			if least < 1 {
				return usagef("--min must be at least 1, not %d", least)
			}
			if err := checkRefine(cmd, f.refine); err != nil {
				return err
			}
			out, err := openReport(reportTo)
			if err != nil {
				return err
			}
			defer out.discard()
			report, err := a.evalLabels(cmd.Context(), &f, labels, least)
			if err != nil {
				return err
			}
			if err := out.write(report.page(f.pack)); err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(report)
			}
			return a.printLabelsReport(report)
		},
	}
	f.register(cmd)
	registerReport(cmd, &reportTo)
	cmd.Flags().StringVar(&labels, "labels", "", "CSV file with the columns image, split, source, labels")
	cmd.Flags().IntVar(&least, "min", 5, "ask only labels that at least so many photos carry")
	markFiles(cmd, "csv", "labels")
	return cmd
}

// labelsReport is what the command prints with --json.
type labelsReport struct {
	Classes int           `json:"classes"`
	MAP     eval.Score    `json:"map"`
	Items   []labelResult `json:"items"`

	Refined *refinedLabels `json:"refined,omitempty"`
}

// refinedLabels is what refining the best k of each label gives.
type refinedLabels struct {
	K       int             `json:"k"`
	MAP     eval.Score      `json:"map"`
	Items   []labelResult   `json:"items"`
	GainMAP eval.Comparison `json:"gain_map"` // over the first stage
}

type labelResult struct {
	Label     string     `json:"label"`
	Positives int        `json:"positives"`
	AP        eval.Score `json:"ap"`
}

func (a *app) evalLabels(ctx context.Context, f *photoFlags, file string, least int) (*labelsReport, error) {
	rows, err := eval.ReadLabelsFile(file)
	if err != nil {
		return nil, err
	}
	rows, err = selectSplit(rows, f.split, file, func(l eval.LabelledImage) string { return l.Split })
	if err != nil {
		return nil, err
	}
	names := make([]string, len(rows))
	positives := map[string]int{}
	for i, r := range rows {
		names[i] = r.Image
		for _, l := range r.Labels {
			positives[l.Name]++
		}
	}
	var classes []string
	for label, n := range positives {
		if n >= least {
			classes = append(classes, label)
		}
	}
	if len(classes) == 0 {
		return nil, fmt.Errorf("no label of %s is on %d photos or more; lower --min", file, least)
	}
	slices.Sort(classes)

	m, err := a.local.OpenModel(ctx, f.pack)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	if f.refine > 0 && m.Refiner() == nil {
		return nil, errNoHead
	}
	photos, err := a.encodePhotos(ctx, m, f.images, names)
	if err != nil {
		return nil, err
	}
	questions, err := a.encodeQuestions(ctx, m, classes)
	if err != nil {
		return nil, err
	}
	report := &labelsReport{Classes: len(classes), Items: make([]labelResult, len(classes))}
	aps := make([]eval.Score, len(classes))
	err = forEach(ctx, len(classes), len(names), func(q int, scores []float32) {
		for p := range scores {
			scores[p] = photos.firstStage(&questions[q], p)
		}
		label := classes[q]
		ranks := eval.RelevantRanks(scores, func(p int) bool { return rows[p].Has(label) })
		aps[q] = eval.AveragePrecision(ranks, positives[label])
		report.Items[q] = labelResult{Label: label, Positives: positives[label], AP: aps[q]}
	})
	if err != nil {
		return nil, err
	}
	report.MAP = eval.Mean(aps)
	if f.refine == 0 {
		return report, nil
	}
	x := &refinedLabels{K: f.refine, Items: make([]labelResult, len(classes))}
	refined, scores := make([]eval.Score, len(classes)), make([]float32, len(names))
	for q, label := range classes {
		for p := range scores {
			scores[p] = photos.firstStage(&questions[q], p)
		}
		if err := photos.refineScores(ctx, m.Refiner(), label, questions[q].alpha, scores, f.refine); err != nil {
			return nil, err
		}
		refined[q] = eval.AveragePrecision(eval.RelevantRanks(scores, func(p int) bool { return rows[p].Has(label) }), positives[label])
		x.Items[q] = labelResult{Label: label, Positives: positives[label], AP: refined[q]}
	}
	x.MAP = eval.Mean(refined)
	if x.GainMAP, err = pairedGain(floats(aps), floats(refined)); err != nil {
		return nil, err
	}
	report.Refined = x
	return report, nil
}

func (a *app) printLabelsReport(r *labelsReport) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	header := "LABEL\tPHOTOS\tAP"
	if r.Refined != nil {
		header += "\tREFINED"
	}
	fmt.Fprintln(w, header)
	for i, l := range r.Items {
		fmt.Fprintf(w, "%s\t%d\t%v", printable(l.Label), l.Positives, l.AP)
		if r.Refined != nil {
			fmt.Fprintf(w, "\t%v", r.Refined.Items[i].AP)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	fmt.Fprintf(&b, "\nmAP over %d labels: %v\n", r.Classes, r.MAP)
	if x := r.Refined; x != nil {
		fmt.Fprintf(&b, "with the best %d refined: %v, %s (95 %% of resamples)\n", x.K, x.MAP, describe("mAP", x.GainMAP))
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}
