package report

import (
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"

	"github.com/gembahq/gemba/index/eval"
)

// Measures of a chart, in pixels of its own scale.
const (
	rowHeight  = 24
	labelWidth = 260
	barWidth   = 400
	textWidth  = 150
	axisHeight = 26
	labelRunes = 40 // what fits before the bars
)

// drawChart draws horizontal bars, each with a line from the low to the high end of
// its interval.
func drawChart(c Chart) template.HTML {
	var b strings.Builder
	height := rowHeight*len(c.Bars) + axisHeight
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, labelWidth+barWidth+textWidth, height, template.HTMLEscapeString(c.Title))
	for k := 0; k <= 4; k++ {
		x := labelWidth + barWidth*k/4
		fmt.Fprintf(&b, `<line class="grid" x1="%d" x2="%d" y1="0" y2="%d"/><text class="axis" x="%d" y="%d">%d %%</text>`, x, x, height-axisHeight, x, height-8, 25*k)
	}
	for i, bar := range c.Bars {
		top := rowHeight * i
		fmt.Fprintf(&b, `<g><title>%s</title><text class="label" x="%d" y="%d">%s</text>`, template.HTMLEscapeString(bar.Label), labelWidth-8, top+16, template.HTMLEscapeString(shorten(bar.Label)))
		text := fmt.Sprintf("n/a (%d)", bar.N)
		if bar.Value.Defined() {
			fmt.Fprintf(&b, `<rect class="bar" x="%d" y="%d" width="%.1f" height="%d"/>`, labelWidth, top+4, width(bar.Value), rowHeight-8)
			text = fmt.Sprintf("%s (%d)", percent(bar.Value), bar.N)
		}
		if bar.Low.Defined() && bar.High.Defined() && bar.High > bar.Low {
			fmt.Fprintf(&b, `<line class="range" x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, labelWidth+width(bar.Low), labelWidth+width(bar.High), top+rowHeight/2, top+rowHeight/2)
		}
		fmt.Fprintf(&b, `<text class="value" x="%d" y="%d">%s</text></g>`, labelWidth+barWidth+8, top+16, text)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped above
}

func width(s eval.Score) float64 { return barWidth * min(max(float64(s), 0), 1) }

func shorten(label string) string {
	if utf8.RuneCountInString(label) <= labelRunes {
		return label
	}
	return string([]rune(label)[:labelRunes-1]) + "…"
}
