package head

import "math"

// gelu is x Phi(x), in its exact form.
func gelu[T Float](x T) T {
	v := float64(x)
	return T(v * 0.5 * (1 + math.Erf(v/math.Sqrt2)))
}

// geluSlope is its derivative.
func geluSlope[T Float](x T) T {
	v := float64(x)
	return T(0.5*(1+math.Erf(v/math.Sqrt2)) + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
}
