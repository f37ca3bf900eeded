package head

import "fmt"

// Config has the sizes of a head. Every field is part of the head's file.
type Config struct {
	VisualDims int `json:"visual_dims"` // width of a visual token
	TextDims   int `json:"text_dims"`   // width of a word token
	Embedding  int `json:"embedding"`   // width of the shared space of clips and sentences
	Inner      int `json:"inner"`       // width in which the two streams work
	Heads      int `json:"heads"`       // attention heads; a divisor of Inner
	Hidden     int `json:"hidden"`      // width of the gated feed-forward part
	// Sharpness is lambda of the support term: how much attention goes to the
	// best fitting visual token. Not learned.
	Sharpness float64 `json:"sharpness"`
}

// DefaultConfig has the sizes of the specification over the tokens of the
// bundled pack.
func DefaultConfig() Config {
	return Config{VisualDims: 128, TextDims: 128, Embedding: 384, Inner: 256, Heads: 4, Hidden: 512, Sharpness: 25}
}

// SmallConfig is half as wide: what a box trains on some hundred graded pairs.
func SmallConfig() Config {
	c := DefaultConfig()
	c.Inner, c.Hidden = 128, 256
	return c
}

// Limits of sizes read from a file: far above what is of use, far below what
// would exhaust memory.
const (
	maxWidth  = 8192
	maxValues = 64 << 20
)

// Check says what is wrong with the sizes.
func (c Config) Check() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"visual token", c.VisualDims}, {"word token", c.TextDims}, {"embedding", c.Embedding}, {"inner", c.Inner}, {"hidden", c.Hidden}} {
		if f.value < 1 || f.value > maxWidth {
			return fmt.Errorf("head: the %s width is %d: it must be 1 to %d", f.name, f.value, maxWidth)
		}
	}
	if c.Heads < 1 || c.Inner%c.Heads != 0 {
		return fmt.Errorf("head: %d attention heads do not divide the inner width %d", c.Heads, c.Inner)
	}
	if !(c.Sharpness > 0 && c.Sharpness <= 1e4) {
		return fmt.Errorf("head: the sharpness of the support term is %v: it must be above 0 and at most 10000", c.Sharpness)
	}
	if n := c.size(); n > maxValues {
		return fmt.Errorf("head: %d weights are more than the %d that are allowed", n, maxValues)
	}
	return nil
}
