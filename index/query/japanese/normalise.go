package japanese

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxRunes bounds the work on one question; the rest is cut off. The text
// encoder reads far less.
const maxRunes = 600

// maxBytes bounds a question with many quoted phrases in the same way.
const maxBytes = 8192

// Is reports whether text has Japanese in it: kana or kanji, outside of quotes.
func Is(text string) bool {
	for _, p := range splitQuotes(text) {
		if !p.quoted && strings.ContainsFunc(norm.NFKC.String(p.text), isJapanese) {
			return true
		}
	}
	return false
}

func isJapanese(r rune) bool {
	return unicode.In(r, unicode.Hiragana, unicode.Katakana, unicode.Han)
}

// part is a stretch of a question, between quotation marks or not.
type part struct {
	text   string // with its marks if quoted
	quoted bool
}

var closing = map[rune]rune{'"': '"', '“': '”', '„': '“', '«': '»', '「': '」', '『': '』'}

// splitQuotes keeps quoted phrases apart: they name labels and are not read.
func splitQuotes(text string) []part {
	var out []part
	for text != "" {
		from, to := -1, -1
		for i, r := range text {
			if end, ok := closing[r]; ok {
				after := i + utf8.RuneLen(r)
				if k := strings.IndexRune(text[after:], end); k >= 0 {
					from, to = i, after+k+utf8.RuneLen(end)
					break
				}
			}
		}
		if from < 0 {
			return append(out, part{text: text})
		}
		if from > 0 {
			out = append(out, part{text: text[:from]})
		}
		out = append(out, part{text: text[from:to], quoted: true})
		text = text[to:]
	}
	return out
}

// spellings that the analysis takes apart.
var spellings = strings.NewReplacer("停ま", "止ま", "にもたれ", "に凭れ", "とまっ", "止まっ", "傘をさし", "傘を差し")

// normalise makes one form of what can be written in several: widths, spaces
// between Japanese words, line breaks.
func normalise(text string) string {
	text = spellings.Replace(norm.NFKC.String(strings.ToValidUTF8(text, " ")))
	runes := []rune(text)
	if len(runes) > maxRunes {
		runes = runes[:maxRunes]
	}
	out := make([]rune, 0, len(runes))
	for i, r := range runes {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			if len(out) == 0 || out[len(out)-1] == ' ' {
				continue
			}
			// Two questions in a row of words: a space between Japanese words separates them.
			if i+1 < len(runes) && isJapanese(out[len(out)-1]) && isJapanese(runes[i+1]) {
				r = '、'
			} else {
				r = ' '
			}
		case r == '〜' || r == '~':
			continue
		}
		out = append(out, r)
	}
	return string(out)
}
