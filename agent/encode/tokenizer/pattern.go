package tokenizer

import (
	"fmt"
	"regexp"
	"strings"
)

// space is Unicode's white space, for a character class.
const space = `\x{09}-\x{0d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}`

// compile turns a pattern written for Oniguruma, as tokenizer.json has them,
// into one of Go's of the same meaning. Go's own \s, \d, \w and \b know ASCII
// only: the first is written out, the others are refused, as is what Go can't
// do in linear time (looking ahead, for example).
func compile(pattern string) (*regexp.Regexp, error) {
	var out strings.Builder
	class := false
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			i++
			switch e := pattern[i]; {
			case e == 's' && class:
				out.WriteString(space)
			case e == 's':
				out.WriteString("[" + space + "]")
			case e == 'S' && !class:
				out.WriteString("[^" + space + "]")
			case strings.IndexByte("pPrntx", e) >= 0 || !letterOrDigit(e):
				out.WriteByte('\\')
				out.WriteByte(e)
			default:
				return nil, fmt.Errorf(`pattern %q: \%c is not supported`, pattern, e)
			}
			continue
		case class && (c == '[' || c == '&' && strings.HasPrefix(pattern[i:], "&&")):
			return nil, fmt.Errorf("pattern %q: %q inside a character class is not supported", pattern, c)
		case c == '[':
			class = true
		case c == ']':
			class = false
		}
		out.WriteByte(c)
	}
	re, err := regexp.Compile(out.String())
	if err != nil {
		return nil, fmt.Errorf("pattern %q is not supported: %w", pattern, err)
	}
	return re, nil
}

func letterOrDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
