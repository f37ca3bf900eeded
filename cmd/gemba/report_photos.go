package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/index/eval/report"
)

// page tells the figures to people.
func (r *captionsReport) page(pack string) *report.Report {
	boot := eval.Bootstrap{}
	var found, described []report.Bar
	for _, k := range []int{1, 5, 10} {
		label := fmt.Sprintf("among the first %d", k)
		if k == 1 {
			label = "first"
		}
		found = append(found, report.Bar{Label: label, Estimate: boot.Mean(within(r.textRanks, k))})
		described = append(described, report.Bar{Label: label, Estimate: boot.Mean(within(r.imageRanks, k))})
	}
	p := &report.Report{
		Title: "How well descriptions find photos",
		Intro: fmt.Sprintf("Each of %s was asked over %s; one of them is right.", count(r.Queries, "description"), count(r.Items, "photo")),
		Model: pack, Made: time.Now(),
		Key: []report.Figure{
			{Name: "Right at once", Meaning: "The photo described comes first.", Estimate: found[0].Estimate},
			{Name: "Right within ten", Meaning: "It is among the first ten.", Estimate: found[2].Estimate},
		},
		Charts: []report.Chart{
			{Title: "The right photo for a description", Meaning: "Share of the descriptions whose photo was there.", Bars: found},
			{Title: "A right description for a photo", Meaning: "Share of the photos for which one of their own descriptions was there.", Bars: described},
		},
		Notes: []string{"Other photos may fit a description as well; they count as wrong here."},
	}
	if r.Refined != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("With refinement of the best %d the photo comes first for %v of the descriptions.", r.Refined.K, r.Refined.TextToImage.R1))
	}
	return p
}

// page tells the figures to people.
func (r *labelsReport) page(pack string) *report.Report {
	none := eval.Score(math.NaN())
	var precisions []float64
	var labels []report.Bar
	for _, i := range r.Items {
		precisions = append(precisions, float64(i.AP))
		labels = append(labels, report.Bar{Label: i.Label, Estimate: eval.Estimate{Value: i.AP, Low: none, High: none, N: i.Positives}})
	}
	slices.SortStableFunc(labels, func(a, b report.Bar) int { return cmp.Compare(b.Value, a.Value) })
	return &report.Report{
		Title: "How well names of things find photos",
		Intro: fmt.Sprintf("%s asked by name; the more of the photos that show the thing come first, the closer to 100 %%.", capital(count(r.Classes, "thing"))),
		Model: pack, Made: time.Now(),
		Key: []report.Figure{{Name: "All things together", Meaning: "Mean average precision.", Estimate: (eval.Bootstrap{}).Mean(precisions)}},
		Charts: []report.Chart{{
			Title: "By thing", Meaning: "Average precision: 100 % if all photos that show the thing come before all others. In brackets the photos that show it.", Bars: labels,
		}},
		Notes: []string{"A photo that shows a thing without being labelled so counts as wrong: the figures are rather too low than too high."},
	}
}
