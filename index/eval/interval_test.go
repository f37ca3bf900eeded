package eval

import (
	"math"
	"testing"
)

func TestMeanEstimate(t *testing.T) {
	values := make([]float64, 0, 401)
	for i := range 400 {
		values = append(values, float64(i%2))
	}
	e := (Bootstrap{}).Mean(append(values, math.NaN()))
	// The standard error of 400 coin tosses is 0.025: the interval is about 0.45 to 0.55.
	if e.Value != 0.5 || e.N != 400 || math.Abs(float64(e.Low)-0.45) > 0.012 || math.Abs(float64(e.High)-0.55) > 0.012 {
		t.Errorf("estimate %+v", e)
	}
	if again := (Bootstrap{}).Mean(values); again.Low != e.Low || again.High != e.High {
		t.Errorf("the same values give %+v, then %+v", e, again)
	}
	if one := (Bootstrap{}).Mean([]float64{0.25}); one.Low != 0.25 || one.High != 0.25 {
		t.Errorf("one value: %+v", one)
	}
	if none := (Bootstrap{}).Mean(nil); none.Value.Defined() || none.Low.Defined() || none.N != 0 {
		t.Errorf("nothing: %+v", none)
	}
}

func TestAUCEstimate(t *testing.T) {
	e := (Bootstrap{}).AUC([]float64{3, 4, 5, 2}, []float64{1, 2, 3, 0})
	if e.Value != AUC([]float64{3, 4, 5, 2}, []float64{1, 2, 3, 0}) || e.Low > e.Value || e.High < e.Value || e.Low == e.High || e.High > 1 {
		t.Errorf("estimate %+v", e)
	}
	if e := (Bootstrap{}).AUC([]float64{1}, nil); e.Value.Defined() || e.High.Defined() {
		t.Errorf("without a negative: %+v", e)
	}
}
