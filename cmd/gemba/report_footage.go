package main

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/index/eval/report"
)

// page tells the figures to people. zone is where the cameras are.
func (r *footageReport) page(pack string, zone *time.Location) *report.Report {
	var first, third, present, absent []float64
	byCamera, byHour := map[string][]float64{}, map[string][]float64{}
	var missed [][]string
	for _, i := range r.Items {
		if len(i.Relevant) == 0 {
			absent = append(absent, i.Z)
			if !i.NoMatch {
				missed = append(missed, []string{i.Query, "nothing shows it", "answered with " + i.First})
			}
			continue
		}
		present = append(present, i.Z)
		rank := eval.Unranked
		if i.Rank != nil {
			rank = *i.Rank
		}
		hit := within([]int{rank}, 1)[0]
		first, third = append(first, hit), append(third, within([]int{rank}, 3)[0])
		for _, file := range i.Relevant {
			byCamera[file] = append(byCamera[file], hit)
		}
		if i.At != nil {
			hour := i.At.In(zone).Format("15:00")
			byHour[hour] = append(byHour[hour], hit)
		}
		if hit == 0 {
			found := "not found at all"
			if i.Rank != nil {
				found = fmt.Sprintf("place %d, after %s", *i.Rank, i.First)
			}
			missed = append(missed, []string{i.Query, strings.Join(i.Relevant, ", "), found})
		}
	}
	boot := eval.Bootstrap{}
	p := &report.Report{
		Title: "How well questions find footage",
		Intro: fmt.Sprintf("%s asked of %s (%s of a few seconds each).", capital(count(r.Queries+r.NoMatchQueries, "question")), count(r.Files, "video file"), count(r.Clips, "clip")),
		Model: pack, Made: time.Now(),
		Key: []report.Figure{
			{Name: "Right at once", Meaning: "The first answer is from the right file.", Estimate: boot.Mean(first)},
			{Name: "Right within three", Meaning: "One of the first three files is right.", Estimate: boot.Mean(third)},
		},
		Charts: []report.Chart{
			{Title: "By camera", Meaning: "Share of the questions about each file whose first answer was right.", Bars: bars(byCamera)},
			{Title: "By hour", Meaning: "The same by the hour of day at which the moment was recorded.", Bars: bars(byHour)},
		},
		Tables: []report.Table{{Title: "Questions that went wrong", Columns: []string{"Question", "Right answer", "What came"}, Rows: missed}},
	}
	if r.NoMatchQueries > 0 {
		p.Key = append(p.Key, report.Figure{
			Name: "Tells that nothing fits", Estimate: boot.AUC(present, absent),
			Meaning: "How surely a question with an answer can be told from one without. 50 % would be guessing.",
		})
	}
	if r.Refined != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("With refinement of the best %d, %d instead of %d questions were right at once.", r.Refined.K, r.Refined.Top1, r.Top1))
	}
	for _, f := range r.Failed {
		p.Notes = append(p.Notes, fmt.Sprintf("%s could not be taken in (%s), so it can be no answer.", path.Base(f.Path), f.Error))
	}
	return p
}

// bars makes a bar of each group, in the order of their names.
func bars(groups map[string][]float64) []report.Bar {
	out := make([]report.Bar, 0, len(groups))
	for name, values := range groups {
		out = append(out, report.Bar{Label: name, Estimate: (eval.Bootstrap{}).Mean(values)})
	}
	slices.SortFunc(out, func(a, b report.Bar) int { return strings.Compare(a.Label, b.Label) })
	return out
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
