package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index/eval"
)

func sample() *Report {
	known := eval.Estimate{Value: 0.5, Low: 0.25, High: 0.75, N: 8}
	none := eval.Estimate{Value: eval.Score(math.NaN()), Low: eval.Score(math.NaN()), High: eval.Score(math.NaN())}
	return &Report{
		Title: "Footage <of> \"hall\" & yard", Intro: "Ten questions.", Model: "test 1", Made: time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC),
		Key:    []Figure{{"Right first", "first answer right", known}, {"Nothing", "not measured", none}},
		Charts: []Chart{{"By camera", "per camera", []Bar{{"<script>alert(1)</script>", known}, {strings.Repeat("長", 60), none}}}, {Title: "Empty chart"}},
		Tables: []Table{{"Missed", []string{"Question"}, [][]string{{"a <b>cat</b>"}}}, {Title: "Empty table"}},
		Notes:  []string{"A note."},
	}
}

// TestReport: the page is well-formed, fetches nothing, and takes names as text.
func TestReport(t *testing.T) {
	var b bytes.Buffer
	if err := sample().Write(&b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, want := range []string{"50 %", "between 25 and 75 %", "n/a (0)", "Footage &lt;of&gt;", "By camera", "A note.", "2026-11-23 05:00 UTC", `width="200.0"`, `x1="360.0" x2="560.0"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, never := range []string{"<script", "<b>cat", "http:", "https:", "src=", "href=", "Empty chart", "Empty table"} {
		if strings.Contains(html, never) {
			t.Errorf("the page holds %q", never)
		}
	}
	for part := range strings.SplitSeq(html, "<svg") {
		svg, _, ok := strings.Cut(part, "</svg>")
		if !ok {
			continue
		}
		for d := xml.NewDecoder(strings.NewReader("<svg" + svg + "</svg>")); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("the chart is not well-formed: %v", err)
			}
		}
	}
}

// TestBarsStayInside: scores outside 0 to 1, as soft mAP could have, do not leave
// the chart.
func TestBarsStayInside(t *testing.T) {
	for s, want := range map[eval.Score]float64{-1: 0, 0: 0, 0.5: barWidth / 2, 1: barWidth, 7: barWidth} {
		if got := width(s); got != want {
			t.Errorf("score %v is %g wide, want %g", s, got, want)
		}
	}
}
