package tune

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
	return filepath.Join("..", "..", "testdata", "golden")
}

type goldenLoss struct {
	Loss    float64     `json:"loss"`
	GradSim [][]float64 `json:"grad_sim_vt"`
}

type goldenSMS struct {
	Cases []struct {
		goldenLoss
		Name        string                `json:"name"`
		Gamma       float64               `json:"gamma"`
		Tau         float64               `json:"tau"`
		Eps         float64               `json:"eps"`
		Levels      int                   `json:"quantize_levels"`
		Positive    []float64             `json:"positive_relevancy"`
		Relevancy   [][]float64           `json:"relevancy_vt"`
		Similarity  [][]float64           `json:"sim_vt"`
		Video       [][]float64           `json:"video"`
		Text        [][]float64           `json:"text"`
		GradVideo   [][]float64           `json:"grad_video"`
		GradText    [][]float64           `json:"grad_text"`
		OtherLosses map[string]goldenLoss `json:"other_losses"`
	} `json:"cases"`
}

// goldenTolerance allows for the order of summation; the file itself allows 1e-10.
const goldenTolerance = 1e-12

func TestGoldenSMSLoss(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(goldenDir(), "sms_loss.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden goldenSMS
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			sms := SMS{Gamma: c.Gamma, Tau: c.Tau, Epsilon: c.Eps, QuantizeLevels: c.Levels}
			similarity := c.Similarity
			if c.Video != nil {
				if similarity, err = Cosines(c.Video, c.Text); err != nil {
					t.Fatal(err)
				}
				near(t, "similarity", similarity, c.Similarity)
			}
			loss, grad, err := sms.Loss(similarity, c.Relevancy, c.Positive, nil)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "loss", [][]float64{{loss}}, [][]float64{{c.Loss}})
			near(t, "gradient to similarities", grad, c.GradSim)
			if c.GradVideo != nil {
				toVideo, toText := CosineGradients(c.Video, c.Text, grad)
				near(t, "gradient to clips", toVideo, c.GradVideo)
				near(t, "gradient to sentences", toText, c.GradText)
			}
			for name, want := range c.OtherLosses {
				got, grad, err := otherLoss(t, name, similarity, c.Positive)
				if err != nil {
					t.Fatal(err)
				}
				near(t, name, [][]float64{{got}}, [][]float64{{want.Loss}})
				if want.GradSim != nil {
					near(t, name+" gradient", grad, want.GradSim)
				}
			}
		})
	}
}

func otherLoss(t *testing.T, name string, similarity [][]float64, positive []float64) (float64, [][]float64, error) {
	switch name {
	case "max_margin_0.2":
		return MaxMargin(similarity, 0.2)
	case "adaptive_mi_mm_0.4":
		return AdaptiveMaxMargin(similarity, positive, 0.4)
	case "info_nce_scale_14.285714285714286":
		return InfoNCE(similarity, 1/0.07)
	}
	t.Fatalf("no loss is called %q", name)
	return 0, nil, nil
}

// near compares matrices within goldenTolerance.
func near(t *testing.T, what string, got, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	worst := 0.0
	for i := range want {
		if len(got[i]) != len(want[i]) {
			t.Fatalf("%s: row %d has %d entries, want %d", what, i, len(got[i]), len(want[i]))
		}
		for j := range want[i] {
			if d := math.Abs(got[i][j] - want[i][j]); !(d <= worst) {
				worst = d
			}
		}
	}
	if !(worst <= goldenTolerance) {
		t.Errorf("%s: off by up to %v", what, worst)
	}
}
