package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/internal/vector"
)

func newEvalNegationCommand(a *app) *cobra.Command {
	var f photoFlags
	var labels string
	var least int
	cmd := &cobra.Command{
		Use:   "negation --images DIR_OR_TAR --labels CSV",
		Short: "Tell photos without a thing from photos with it",
		Long: `For each label like "head without a hard hat" whose thing ("hard hat") is a label
too, asks for a worker and for a person without the thing: by the plain sentence,
as the query engine reads it, and by the difference of the sentences with and
without. CSV columns: image, split, source, labels ("forklift x1|person x2").`,
		Example: "  gemba eval negation --images images.tar --labels labels.csv --split val",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "images", "labels"); err != nil {
				return err
			}
			if least < 1 {
				return usagef("--min must be at least 1, not %d", least)
			}
			report, err := a.evalNegation(cmd.Context(), &f, labels, least)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(report)
			}
			return a.printNegationReport(report)
		},
	}
	fs := cmd.Flags()
	f.registerPhotos(cmd)
	fs.StringVar(&f.pack, "pack", bundledPack, "folder of the model pack")
	fs.StringVar(&labels, "labels", "", "CSV file with the columns image, split, source, labels")
	fs.IntVar(&least, "min", 1, "take only pairs of labels with at least so many photos on either side")
	markFolders(cmd, "pack")
	markFiles(cmd, "csv", "labels")
	return cmd
}

// negationReport is what the command prints with --json.
type negationReport struct {
	Photos int              `json:"photos"`
	Items  []negationResult `json:"items"`
}

// negationResult is one question about one pair of labels.
type negationResult struct {
	Query   string `json:"query"`
	Label   string `json:"label"`   // on photos that are right
	Against string `json:"against"` // on photos that are wrong
	// Without and With are the numbers of photos that carry one label and not the
	// other.
	Without    int           `json:"without"`
	With       int           `json:"with"`
	Plain      negationScore `json:"plain"`
	Engine     negationScore `json:"engine"`
	Difference negationScore `json:"difference"`
}

// negationScore is how well one way of asking does.
type negationScore struct {
	AUC eval.Score `json:"auc"` // photos without against photos with
	AP  eval.Score `json:"ap"`  // over all photos of the split
}

// negatedPair is a label that names a thing's absence, and the thing.
type negatedPair struct{ label, thing string }

// negatedPairs finds labels like "head without a hard hat" whose thing is a label.
func negatedPairs(rows []eval.LabelledImage) []negatedPair {
	known := map[string]bool{}
	for _, r := range rows {
		for _, l := range r.Labels {
			known[l.Name] = true
		}
	}
	var pairs []negatedPair
	for label := range known {
		_, thing, ok := strings.Cut(label, " without ")
		thing = strings.TrimPrefix(strings.TrimPrefix(thing, "a "), "an ")
		if ok && known[thing] {
			pairs = append(pairs, negatedPair{label, thing})
		}
	}
	slices.SortFunc(pairs, func(a, b negatedPair) int { return strings.Compare(a.label, b.label) })
	return pairs
}

func (a *app) evalNegation(ctx context.Context, f *photoFlags, file string, least int) (*negationReport, error) {
	rows, err := eval.ReadLabelsFile(file)
	if err != nil {
		return nil, err
	}
	rows, err = selectSplit(rows, f.split, file, func(l eval.LabelledImage) string { return l.Split })
	if err != nil {
		return nil, err
	}
	report := &negationReport{Photos: len(rows)}
	for _, p := range negatedPairs(rows) {
		item := negationResult{Label: p.label, Against: p.thing}
		for _, r := range rows {
			switch absent, present := r.Has(p.label), r.Has(p.thing); {
			case absent && !present:
				item.Without++
			case present && !absent:
				item.With++
			}
		}
		if item.Without < least || item.With < least {
			continue
		}
		for _, who := range []string{"worker", "person"} {
			item.Query = fmt.Sprintf("a %s without %s", who, withArticle(p.thing))
			report.Items = append(report.Items, item)
		}
	}
	if len(report.Items) == 0 {
		return nil, fmt.Errorf("%s has no two labels like \"hard hat\" and \"head without a hard hat\" with %s of their own each", file, count(least, "photo"))
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.Image
	}
	m, err := a.local.OpenModel(ctx, f.pack)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	photos, err := a.encodePhotos(ctx, m, f.images, names)
	if err != nil {
		return nil, err
	}
	for i := range report.Items {
		if err := askNegation(ctx, m, photos, rows, &report.Items[i]); err != nil {
			return nil, fmt.Errorf("ask %q: %w", report.Items[i].Query, err)
		}
	}
	return report, nil
}

// askNegation asks one question in all three ways.
func askNegation(ctx context.Context, m model, photos *photoSet, rows []eval.LabelledImage, item *negationResult) error {
	c := m.Calibration()
	engine, err := query.New(nil, m, query.Options{Calibration: c})
	if err != nil {
		return err
	}
	asked, err := engine.Ask(ctx, item.Query)
	if err != nil {
		return err
	}
	sentence, err := m.EncodeText(ctx, item.Query)
	if err != nil {
		return err
	}
	affirmed, err := m.EncodeText(ctx, query.Parse(item.Query).Affirmed)
	if err != nil {
		return err
	}
	for _, way := range []struct {
		out    *negationScore
		search index.Search
	}{
		{&item.Plain, index.Search{Vector: sentence.Vector, Alpha: c.Alpha}},
		{&item.Engine, asked},
		{&item.Difference, index.Search{Vector: sentence.Vector, Negative: affirmed.Vector, Beta: 1}},
	} {
		scores := make([]float32, len(rows))
		var without, with []float64
		for i, r := range rows {
			scores[i] = photos.score(&way.search, i)
			switch absent, present := r.Has(item.Label), r.Has(item.Against); {
			case absent && !present:
				without = append(without, float64(scores[i]))
			case present && !absent:
				with = append(with, float64(scores[i]))
			}
		}
		way.out.AUC = eval.AUC(without, with)
		ranks := eval.RelevantRanks(scores, func(i int) bool { return rows[i].Has(item.Label) })
		way.out.AP = eval.AveragePrecision(ranks, len(ranks))
	}
	return nil
}

// score is what the index gives a photo: the formula of index.Search.
func (set *photoSet) score(s *index.Search, photo int) float32 {
	score := vector.Dot(s.Vector, set.vectors[photo]) - s.Alpha*set.hubs[photo]
	if s.Negative != nil {
		score -= s.Beta * vector.Dot(s.Negative, set.vectors[photo])
	}
	return score
}

func withArticle(thing string) string {
	if strings.ContainsAny(thing[:1], "aeiou") {
		return "an " + thing
	}
	return "a " + thing
}

func (a *app) printNegationReport(r *negationReport) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "QUESTION\tWITHOUT\tWITH\tPLAIN AUC\tAP\tENGINE AUC\tAP\tDIFFERENCE AUC\tAP")
	for _, i := range r.Items {
		fmt.Fprintf(w, "%s\t%d\t%d", printable(i.Query), i.Without, i.With)
		for _, s := range []negationScore{i.Plain, i.Engine, i.Difference} {
			fmt.Fprintf(w, "\t%v\t%v", s.AUC, s.AP)
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	fmt.Fprintf(&b, "\nArea under the curve: photos labelled without against photos labelled with. AP: over all %s.\n", count(r.Photos, "photo"))
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}
