package head

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func goldenDir() string {
	if dir := os.Getenv("GEMBA_GOLDEN"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "testdata", "golden")
}

type goldenRefine struct {
	Cases []struct {
		Name string `json:"name"`
		Dims struct {
			Nv, Nt, Dv, Dt, Da, F, D int
			TextValid                int `json:"text_valid"`
			EOT                      int `json:"eot_index"`
			Heads                    int `json:"heads"`
		} `json:"dims"`
		GateV           float64     `json:"gate_v"`
		GateT           float64     `json:"gate_t"`
		VisualTokens    [][]float64 `json:"visual_tokens"`
		TextTokens      [][]float64 `json:"text_tokens"`
		VisualEmbedding []float64   `json:"visual_embedding"`
		TextEmbedding   []float64   `json:"text_embedding"`
		Weights         map[string]struct {
			Weight json.RawMessage `json:"weight"`
			Bias   []float64       `json:"bias"`
		} `json:"weights"`
		Expect struct {
			ScoreBase           float64     `json:"score_base"`
			RefinedVisualTokens [][]float64 `json:"refined_visual_tokens"`
			RefinedTextTokens   [][]float64 `json:"refined_text_tokens_valid"`
			RV                  []float64   `json:"r_v"`
			RT                  []float64   `json:"r_t"`
			ScoreRefined        float64     `json:"score_refined"`
		} `json:"expect"`
	} `json:"cases"`
}

type goldenCase struct {
	params *Params[float64]
	query  Query[float64]
	clip   Clip[float64]
}

func readGolden(t *testing.T) (goldenRefine, []goldenCase) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(goldenDir(), "refine_block.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g goldenRefine
	if err := json.Unmarshal(raw, &g); err != nil {
		t.Fatal(err)
	}
	if len(g.Cases) == 0 {
		t.Fatal("no cases")
	}
	var cases []goldenCase
	for _, c := range g.Cases {
		d := c.Dims
		p := NewParams[float64](Config{VisualDims: d.Dv, TextDims: d.Dt, Embedding: d.D, Inner: d.Da, Heads: d.Heads, Hidden: d.F, Sharpness: 25})
		*p.GateV, *p.GateT = c.GateV, c.GateT
		filled := 0
		p.Kinds(func(name string, kind Kind, values []float64) {
			if kind == Scalar {
				return
			}
			base, part := name[:len(name)-len(filepath.Ext(name))], filepath.Ext(name)
			w, ok := c.Weights[base]
			if !ok {
				t.Fatalf("%s: no weights %s", c.Name, base)
			}
			flat := w.Bias
			if part == ".weight" {
				var rows [][]float64
				if err := json.Unmarshal(w.Weight, &rows); err == nil {
					flat = join(rows)
				} else if flat = nil; json.Unmarshal(w.Weight, &flat) != nil {
					t.Fatalf("%s: weights %s", c.Name, name)
				}
			}
			if copy(values, flat) != len(values) || len(flat) != len(values) {
				t.Fatalf("%s: %s has %d values, want %d", c.Name, name, len(flat), len(values))
			}
			filled++
		})
		if filled != 2*len(c.Weights) {
			t.Fatalf("%s: %d tensors filled of %d", c.Name, filled, 2*len(c.Weights))
		}
		base := dot(c.VisualEmbedding, c.TextEmbedding)
		cases = append(cases, goldenCase{p,
			Query[float64]{Matrix[float64]{d.Nt, d.Dt, join(c.TextTokens)}, d.TextValid, d.EOT, make([]float64, d.Nt), c.TextEmbedding},
			Clip[float64]{Matrix[float64]{d.Nv, d.Dv, join(c.VisualTokens)}, d.Nv, c.VisualEmbedding, base, 0},
		})
	}
	return g, cases
}

func join(rows [][]float64) (out []float64) {
	for _, r := range rows {
		out = append(out, r...)
	}
	return out
}

func worst(t *testing.T, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d numbers, want %d", len(got), len(want))
	}
	w := 0.0
	for i := range want {
		if d := math.Abs(got[i] - want[i]); !(d <= w) {
			w = d
		}
	}
	return w
}

func TestGoldenRefineBlock(t *testing.T) {
	g, cases := readGolden(t)
	for i, c := range g.Cases {
		t.Run(c.Name, func(t *testing.T) {
			p, q, k := cases[i].params, cases[i].query, cases[i].clip
			check := func(what string, got, want []float64) {
				t.Helper()
				if w := worst(t, got, want); !(w <= 1e-10) {
					t.Errorf("%s is off by up to %v", what, w)
				}
			}
			tape, err := p.Forward(q, k)
			if err != nil {
				t.Fatal(err)
			}
			check("base score", []float64{tape.Base}, []float64{c.Expect.ScoreBase})
			check("refined score", []float64{tape.Refined}, []float64{c.Expect.ScoreRefined})
			check("score", []float64{tape.Score}, []float64{c.Expect.ScoreRefined})
			if p.BlockOff() && tape.Score != k.FirstStage {
				t.Errorf("shut gates changed the score from %v to %v", k.FirstStage, tape.Score)
			}
			// Run the block even where the gates are shut.
			tape = p.forward(q, k, nil, true)
			check("refined visual tokens", tape.VisualTokens.Data, join(c.Expect.RefinedVisualTokens))
			check("r_v", tape.VisualOut, c.Expect.RV)
			check("r_t", tape.TextOut, c.Expect.RT)
			whole := p.Text.forward(p.Config.Heads, tape.visual.y, tape.visual.x, nil)
			check("refined text tokens", whole.z.Data, join(c.Expect.RefinedTextTokens))
		})
	}
}

func TestGoldenRefineBlockInFloat32(t *testing.T) {
	g, cases := readGolden(t)
	for i, c := range g.Cases {
		p := Convert[float32](cases[i].params)
		s, err := p.Score(narrow(cases[i].query, cases[i].clip))
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(float64(s) - c.Expect.ScoreRefined); !(d <= 1e-5) {
			t.Errorf("%s: float32 is off by %v", c.Name, d)
		}
	}
}

func narrow(q Query[float64], c Clip[float64]) (Query[float32], Clip[float32]) {
	m := func(m Matrix[float64]) Matrix[float32] { return Matrix[float32]{m.Rows, m.Cols, to32(m.Data)} }
	return Query[float32]{m(q.Tokens), q.Valid, q.End, to32(q.Weights), to32(q.Vector)},
		Clip[float32]{m(c.Tokens), c.Valid, to32(c.Vector), float32(c.FirstStage), float32(c.Hub)}
}

func to32(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}
