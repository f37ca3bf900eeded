package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index/eval"
)

func newEvalCaptionsCommand(a *app) *cobra.Command {
	var f photoFlags
	var captions string
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
			report, err := a.evalCaptions(cmd.Context(), &f, captions)
			if err != nil {
				return err
			}
			if a.flags.json {
				return a.printJSON(report)
			}
			return a.printCaptionsReport(report)
		},
	}
	f.register(cmd)
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
			scores[q] = dot(questions[q].vector, photos.vectors[p])
		}
		i2t[p] = eval.BestRank(scores, captionsOf[p])
	})
	if err != nil {
		return nil, err
	}
	return &captionsReport{Queries: len(texts), Items: len(names), TextToImage: eval.NewRecall(t2i), ImageToText: eval.NewRecall(i2t)}, nil
}

func (a *app) printCaptionsReport(r *captionsReport) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d captions, %d photos\n\n", r.Queries, r.Items)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tR@1\tR@5\tR@10\tMEDIAN RANK")
	for _, row := range []struct {
		name string
		r    eval.Recall
	}{{"text to image", r.TextToImage}, {"image to text", r.ImageToText}} {
		fmt.Fprintf(w, "%s\t%v\t%v\t%v\t%s\n", row.name, row.r.R1, row.r.R5, row.r.R10, rankText(row.r.MedianRank))
	}
	w.Flush()
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

func rankText(s eval.Score) string {
	if !s.Defined() {
		return "n/a"
	}
	return fmt.Sprintf("%g", float64(s))
}
