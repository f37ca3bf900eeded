package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"time"

	"github.com/gembahq/gemba/index/eval"
)

// Report is what a file says, from top to bottom.
type Report struct {
	Title  string
	Intro  string // what was measured, on what
	Model  string // what answered; may be empty
	Made   time.Time
	Key    []Figure // the figures that count, few
	Charts []Chart
	Tables []Table
	Notes  []string // what to keep in mind when reading the figures
}

// Figure is one number and what it means in everyday words.
type Figure struct {
	Name    string
	Meaning string
	eval.Estimate
}

// Chart is a list of bars from 0 to 1.
type Chart struct {
	Title   string
	Meaning string
	Bars    []Bar
}

// Bar is one row of a chart.
type Bar struct {
	Label string
	eval.Estimate
}

// Table is for what has no number.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
}

//go:embed report.html
var source string

var page = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent": percent, "interval": between, "chart": drawChart,
}).Parse(source))

// Write writes the report as one HTML file.
func (r *Report) Write(w io.Writer) error {
	var b bytes.Buffer // so that a mistake leaves no half of a page
	if err := page.Execute(&b, r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func percent(s eval.Score) string {
	if !s.Defined() {
		return "n/a"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(s))
}

func between(e eval.Estimate) string {
	if !e.Low.Defined() || !e.High.Defined() {
		return ""
	}
	return fmt.Sprintf("between %.0f and %.0f %%", 100*float64(e.Low), 100*float64(e.High))
}
