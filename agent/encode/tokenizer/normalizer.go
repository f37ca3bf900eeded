package tokenizer

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A normalizer rewrites a text before it is split into words.
type normalizer interface {
	normalize(text string) normalized
}

// rewrites are normalisers that keep no way back, applied in order.
type rewrites []func(string) string

func (r rewrites) normalize(text string) normalized {
	for _, f := range r {
		text = f(text)
	}
	return normalized{text: text, source: text}
}

func lowercase(text string) string {
	// strings.ToLower maps characters one to one; Unicode's full mapping, which
	// the models saw, has one character that becomes two.
	return strings.ToLower(strings.ReplaceAll(text, "İ", "i̇"))
}

func replace(pattern *regexp.Regexp, by string) func(string) string {
	return func(text string) string { return pattern.ReplaceAllLiteralString(text, by) }
}

func strip(left, right bool) func(string) string {
	return func(text string) string {
		if left {
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
		}
		if right {
			text = strings.TrimRightFunc(text, unicode.IsSpace)
		}
		return text
	}
}

func prepend(prefix string) func(string) string {
	return func(text string) string {
		if text == "" {
			return ""
		}
		return prefix + text
	}
}

// bertNormalizer is BERT's: remove what can't be seen, put spaces around
// ideographs, drop accents, lower the case.
type bertNormalizer struct {
	clean, ideographs, accents, lower bool
}

func (b bertNormalizer) normalize(text string) normalized {
	var out strings.Builder
	out.Grow(len(text))
	from := make([]int32, 0, len(text)+1)
	put := func(r rune, at int) {
		n, _ := out.WriteRune(r)
		for range n {
			from = append(from, int32(at))
		}
	}
	var buf []byte
	for i, r := range text {
		if b.clean {
			if unicode.Is(control, r) {
				continue
			}
			if unicode.IsSpace(r) {
				r = ' '
			}
		}
		if b.ideographs && ideograph(r) {
			put(' ', i)
			put(r, i)
			put(' ', i+len(string(r)))
			continue
		}
		if r < 0x80 {
			if b.lower && 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			put(r, i)
			continue
		}
		// Character by character is enough for the decomposition: its order
		// matters among marks only, and those are dropped.
		buf = append(buf[:0], string(r)...)
		if b.accents {
			buf = norm.NFD.AppendString(buf[:0], string(r))
		}
		for _, d := range string(buf) {
			switch {
			case b.accents && unicode.Is(mark, d):
			case b.lower && d == 'İ':
				put('i', i)
				put('\u0307', i)
			case b.lower:
				put(unicode.ToLower(d), i)
			default:
				put(d, i)
			}
		}
	}
	return normalized{text: out.String(), source: text, from: append(from, int32(len(text)))}
}

// ideograph tells the characters that stand for themselves in Chinese text.
func ideograph(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x2a6df ||
		r >= 0x2a700 && r <= 0x2b73f || r >= 0x2b740 && r <= 0x2b81f || r >= 0x2b920 && r <= 0x2ceaf ||
		r >= 0xf900 && r <= 0xfaff || r >= 0x2f800 && r <= 0x2fa1f
}
