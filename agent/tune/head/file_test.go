package head

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gembahq/gemba/agent/tune/sealed"
	"github.com/gembahq/gemba/index/vfs"
)

func TestHeadFile(t *testing.T) {
	fsys := vfs.NewMem()
	p := Convert[float32](newWorld(1).params(tiny))
	if err := Save(fsys, "head.bin", p, About{Pack: "ab", Pairs: 3}); err != nil {
		t.Fatal(err)
	}
	back, about, err := Load(fsys, "head.bin")
	if err != nil || back.Config != p.Config || !slices.Equal(back.Values, p.Values) || *back.GateV != *p.GateV || about.Pairs != 3 {
		t.Fatalf("%v %v", about, err)
	}
	data, _ := Encode(p, About{})
	if _, _, err := Decode(data[:len(data)-1]); !errors.Is(err, sealed.ErrDamaged) {
		t.Error(err)
	}
}

// A file whose sizes and weights do not go together is refused, whatever its checksum.
func TestHeadFileOfOddSizes(t *testing.T) {
	for name, header := range map[string]fileHeader{
		"no sizes":       {},
		"too wide":       {Config: Config{VisualDims: 1 << 30, TextDims: 1, Embedding: 1, Inner: 1, Heads: 1, Hidden: 1, Sharpness: 25}},
		"heads":          {Config: Config{VisualDims: 4, TextDims: 4, Embedding: 4, Inner: 4, Heads: 3, Hidden: 4, Sharpness: 25}},
		"too few values": {Config: tiny},
	} {
		data, err := sealed.Encode(fileKind, fileVersion, header, make([]float32, 3))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Decode(data); !errors.Is(err, sealed.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Load(vfs.NewMem(), "head.bin"); err == nil || !strings.Contains(err.Error(), "head.bin") {
		t.Error(err)
	}
}

func TestScoreRefusesWhatDoesNotFit(t *testing.T) {
	w := newWorld(1)
	p, q, c := w.params(tiny), w.query(tiny, 4), w.clip(tiny, 4)
	for name, change := range map[string]func(q *Query[float64], c *Clip[float64]){
		"word width":    func(q *Query[float64], _ *Clip[float64]) { q.Tokens = newMatrix[float64](4, 5) },
		"no words":      func(q *Query[float64], _ *Clip[float64]) { q.Valid = 0 },
		"end":           func(q *Query[float64], _ *Clip[float64]) { q.End = 4 },
		"weights":       func(q *Query[float64], _ *Clip[float64]) { q.Weights = nil },
		"word numbers":  func(q *Query[float64], _ *Clip[float64]) { q.Tokens.Data = q.Tokens.Data[1:] },
		"question":      func(q *Query[float64], _ *Clip[float64]) { q.Vector = nil },
		"cell width":    func(_ *Query[float64], c *Clip[float64]) { c.Tokens = newMatrix[float64](4, 7) },
		"no cells":      func(_ *Query[float64], c *Clip[float64]) { c.Valid = 0 },
		"too many":      func(_ *Query[float64], c *Clip[float64]) { c.Valid = 5 },
		"clip":          func(_ *Query[float64], c *Clip[float64]) { c.Vector = c.Vector[1:] },
		"negative rows": func(_ *Query[float64], c *Clip[float64]) { c.Tokens.Rows, c.Tokens.Cols = -4, -6 },
	} {
		q2, c2 := q, c
		change(&q2, &c2)
		if _, err := p.Score(q2, c2); !errors.Is(err, ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
		q32, c32 := narrow(q2, c2)
		if _, err := NewScorer(Convert[float32](p)).Score(q32, []Clip[float32]{c32}); !errors.Is(err, ErrShape) {
			t.Errorf("%s, fast: %v", name, err)
		}
	}
}
