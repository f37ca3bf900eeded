package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/internal/vector"
)

func newEvalCaptionsCommand(a *app) *cobra.Command {
	var f photoFlags
	var captions, reportTo string
	cmd := &cobra.Command{
		Use:   "captions --images DIR_OR_TAR --captions CSV",
		Short: "Find photos by their captions, and captions by their photos",
		Long: `Each caption is asked over all photos of the split, and each photo is compared
with all captions. CSV columns: image, split, caption.`,
		Example: "  gemba eval captions --images images.tar --captions captions.csv --split val",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "images", "captions"); err != nil {
				return err
			}
			if err := checkRefine(cmd, f.refine); err != nil {
				return err
			}
			out, err := openReport(reportTo)
			if err != nil {
				return err
			}
			defer out.discard()
			report, err := a.evalCaptions(cmd.Context(), &f, captions)
			if err != nil {
				return err
			}
			if err := out.write(report.page(f.pack)); err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(report)
			}
			return a.printCaptionsReport(report)
		},
	}
	f.register(cmd)
	registerReport(cmd, &reportTo)
	cmd.Flags().StringVar(&captions, "captions", "", "CSV file with the columns image, split, caption")
	markFiles(cmd, "csv", "captions")
	return cmd
}

// captionsReport is what the command prints with --json.
type captionsReport struct {
	Queries     int         `json:"queries"` // captions
	Items       int         `json:"items"`   // photos
	TextToImage eval.Recall `json:"text_to_image"`
	ImageToText eval.Recall `json:"image_to_text"`

	Refined *refinedCaptions `json:"refined,omitempty"`

	textRanks, imageRanks []int // of the right answer, per caption and per photo
}

// refinedCaptions is what refining the best k of each caption gives.
type refinedCaptions struct {
	K           int             `json:"k"`
	TextToImage eval.Recall     `json:"text_to_image"`
	GainR1      eval.Comparison `json:"gain_r1"`  // over the first stage
	GainR10     eval.Comparison `json:"gain_r10"` // likewise
}

func (a *app) evalCaptions(ctx context.Context, f *photoFlags, file string) (*captionsReport, error) {
	rows, err := eval.ReadCaptionsFile(file)
	if err != nil {
		return nil, err
	}
	rows, err = selectSplit(rows, f.split, file, func(c eval.Caption) string { return c.Split })
	if err != nil {
		return nil, err
	}
	var names, texts []string
	number := map[string]int{}
	photosOf := map[string][]int{} // of each text: equal captions are no wrong answers for each other
	captionsOf := [][]int{}        // of each photo
	for i, c := range rows {
		p, ok := number[c.Image]
		if !ok {
			p = len(names)
			number[c.Image] = p
			names = append(names, c.Image)
			captionsOf = append(captionsOf, nil)
		}
		photosOf[c.Text] = append(photosOf[c.Text], p)
		captionsOf[p] = append(captionsOf[p], i)
		texts = append(texts, c.Text)
	}

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
	questions, err := a.encodeQuestions(ctx, m, texts)
	if err != nil {
		return nil, err
	}

	t2i, i2t := make([]int, len(texts)), make([]int, len(names))
	err = forEach(ctx, len(texts), len(names), func(q int, scores []float32) {
		for p := range scores {
			scores[p] = photos.firstStage(&questions[q], p)
		}
		t2i[q] = eval.BestRank(scores, photosOf[texts[q]])
	})
	if err != nil {
		return nil, err
	}
	err = forEach(ctx, len(names), len(texts), func(p int, scores []float32) {
		for q := range scores {
			scores[q] = vector.Dot(questions[q].vector, photos.vectors[p])
		}
		i2t[p] = eval.BestRank(scores, captionsOf[p])
	})
	if err != nil {
		return nil, err
	}
	report := &captionsReport{Queries: len(texts), Items: len(names), TextToImage: eval.NewRecall(t2i), ImageToText: eval.NewRecall(i2t), textRanks: t2i, imageRanks: i2t}
	if f.refine > 0 {
		ranks, err := a.refineCaptions(ctx, m, f.refine, photos, texts, questions, photosOf)
		if err != nil {
			return nil, err
		}
		report.Refined = &refinedCaptions{K: f.refine, TextToImage: eval.NewRecall(ranks)}
		if report.Refined.GainR1, err = pairedGain(within(t2i, 1), within(ranks, 1)); err != nil {
			return nil, err
		}
		if report.Refined.GainR10, err = pairedGain(within(t2i, 10), within(ranks, 10)); err != nil {
			return nil, err
		}
	}
	return report, nil
}

// refineCaptions ranks each text's best photo with refinement.
func (a *app) refineCaptions(ctx context.Context, m model, k int, photos *photoSet, texts []string, questions []question, photosOf map[string][]int) ([]int, error) {
	bar := a.startProgress("refining")
	defer bar.end()
	ranks, scores := make([]int, len(texts)), make([]float32, len(photos.names))
	for q, text := range texts {
		for p := range scores {
			scores[p] = photos.firstStage(&questions[q], p)
		}
		if err := photos.refineScores(ctx, m.Refiner(), text, questions[q].alpha, scores, k); err != nil {
			return nil, err
		}
		ranks[q] = eval.BestRank(scores, photosOf[text])
		bar.set(int64(q+1), int64(len(texts)), fmt.Sprintf("%d of %d", q+1, len(texts)), 0)
	}
	return ranks, nil
}

func (a *app) printCaptionsReport(r *captionsReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d captions, %d photos\n\n", r.Queries, r.Items)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tR@1\tR@5\tR@10\tMEDIAN RANK")
	type line struct {
		name string
		r    eval.Recall
	}
	lines := []line{{"text to image", r.TextToImage}, {"image to text", r.ImageToText}}
	if x := r.Refined; x != nil {
		lines = append(lines, line{fmt.Sprintf("text to image, best %d refined", x.K), x.TextToImage})
	}
	for _, row := range lines {
		fmt.Fprintf(w, "%s\t%v\t%v\t%v\t%s\n", row.name, row.r.R1, row.r.R5, row.r.R10, rankText(row.r.MedianRank))
	}
	w.Flush()
	if x := r.Refined; x != nil {
		fmt.Fprintf(&b, "\nRefinement over the first stage: %s, %s (95 %% of resamples).\n", describe("R@1", x.GainR1), describe("R@10", x.GainR10))
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

func rankText(s eval.Score) string {
	if !s.Defined() {
		return "n/a"
	}
	return fmt.Sprintf("%g", float64(s))
}
