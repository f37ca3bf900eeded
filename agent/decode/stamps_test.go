package decode

import (
	"math"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMulDiv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.Int64().Draw(t, "a")
		b := rapid.Int64Range(0, math.MaxInt64).Draw(t, "b")
		c := rapid.Int64Range(1, math.MaxInt64).Draw(t, "c")
		q := new(big.Int).Mul(big.NewInt(a), big.NewInt(b))
		q.Div(q, big.NewInt(c)) // rounds down for c > 0
		want := int64(math.MaxInt64)
		if q.IsInt64() {
			want = max(q.Int64(), -math.MaxInt64)
		} else if q.Sign() < 0 {
			want = -math.MaxInt64
		}
		if got := mulDiv(a, b, c); got != want {
			t.Fatalf("%d*%d/%d = %d, want %d", a, b, c, got, want)
		}
	})
}

func TestStampRepair(t *testing.T) {
	const no = noStamp
	ms := ticks{1, 1000}
	tests := map[string]struct {
		in, want       []int64 // decoding stamps
		repairs, jumps int64
	}{
		"regular":             {[]int64{0, 40, 80, 120}, []int64{0, 40, 80, 120}, 0, 0},
		"starts anywhere":     {[]int64{9000, 9040, 9080}, []int64{9000, 9040, 9080}, 0, 0},
		"a true pause":        {[]int64{0, 40, 60_040, 60_080}, []int64{0, 40, 60_040, 60_080}, 0, 0},
		"sloppy order":        {[]int64{0, 40, 30, 80}, []int64{0, 40, 30, 80}, 0, 0},
		"starts anew":         {[]int64{90_000, 90_040, 90_080, 0, 40, 80}, []int64{90_000, 90_040, 90_080, 90_120, 90_160, 90_200}, 1, 1},
		"jumps ahead":         {[]int64{0, 40, 80, 9_000_000, 9_000_040}, []int64{0, 40, 80, 120, 160}, 1, 1},
		"one odd stamp":       {[]int64{0, 40, 80, 9_000_000, 160, 200}, []int64{0, 40, 80, 120, 160, 200}, 1, 0},
		"one stamp back":      {[]int64{5000, 5040, 5080, 0, 5160, 5200}, []int64{5000, 5040, 5080, 5120, 5160, 5200}, 1, 0},
		"two jumps":           {[]int64{5000, 5040, 0, 40, 9_000_000, 9_000_040}, []int64{5000, 5040, 5080, 5120, 5160, 5200}, 2, 2},
		"a missing stamp":     {[]int64{0, 40, no, 120}, []int64{0, 40, no, 120}, 0, 0},
		"nothing but missing": {[]int64{no, no}, []int64{no, no}, 0, 0},
		"extremes":            {[]int64{0, 40, math.MaxInt64, math.MinInt64 + 1, 80, 120}, []int64{0, 40, 80, 120, 80, 120}, 2, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := newStampRepair(ms, maxStreamPause)
			for i, dts := range tt.in {
				pts, got := r.fix(shifted(dts, 80), dts)
				if got != tt.want[i] {
					t.Errorf("packet %d: %d -> %d, want %d", i, dts, got, tt.want[i])
				}
				if dts == no && pts != no {
					t.Errorf("packet %d: a missing stamp became %d", i, pts)
				} else if dts != no && abs64(dts) < stampLimit && pts-got != 80 {
					t.Errorf("packet %d is shown %d after it is decoded, want 80", i, pts-got)
				}
			}
			if r.repairs != tt.repairs || r.jumps != tt.jumps {
				t.Errorf("%d repairs, %d jumps, want %d, %d", r.repairs, r.jumps, tt.repairs, tt.jumps)
			}
		})
	}
}

func TestOffsetsGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := ticks{rapid.Int64Range(1, 1001).Draw(t, "num"), rapid.Int64Range(1, 90_000).Draw(t, "den")}
		r := newStampRepair(k, maxStreamPause)
		o := offsets{ticks: k, base: rapid.Int64Range(-1e6, 1e6).Draw(t, "base"), step: 40 * time.Millisecond}
		stamp := rapid.OneOf(rapid.Int64(), rapid.Int64Range(0, 1e6), rapid.Just(int64(noStamp)))
		last := time.Duration(-1)
		for range 50 {
			pts, _ := r.fix(stamp.Draw(t, "pts"), stamp.Draw(t, "dts"))
			at, ok := o.next(pts)
			if !ok {
				continue
			}
			if at <= last {
				t.Fatalf("offset %v after %v", at, last)
			}
			last = at
		}
	})
}

// Two recordings in one file: the second starts its stamps anew.
func TestJoinedRecordings(t *testing.T) {
	dir := t.TempDir()
	one := make50(t, "one.ts", x264...)
	late := filepath.Join(dir, "late.ts")
	ffmpeg(t, "-i", one, "-c", "copy", "-output_ts_offset", "7000", late)
	for name, parts := range map[string][]string{"back": {late, one}, "ahead": {one, late}} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name+".ts")
			var all []byte
			for _, p := range parts {
				all = append(all, readFile(t, p)...)
			}
			if err := os.WriteFile(path, all, 0o600); err != nil {
				t.Fatal(err)
			}
			shots, st := drain(t, path, Options{})
			if len(shots) < 98 || st.TimestampRepairs < 1 || st.TimestampRepairs > 6 {
				t.Fatalf("%d frames; %+v", len(shots), st)
			}
			if end := shots[len(shots)-1].at; !near(end, 99*tick, 5*tick) {
				t.Errorf("ends at %v, want %v", end, 99*tick)
			}
			// What was seen at an offset is found there again.
			for _, i := range []int{3, 49, 55, 70, len(shots) - 1} {
				f, err := FrameAt(t.Context(), path, shots[i].at, 0)
				if err != nil {
					t.Fatal(err)
				}
				if f.Offset != shots[i].at || number(f) != shots[i].n {
					t.Errorf("at %v: frame %d at %v, reading on it was %d", shots[i].at, number(f), f.Offset, shots[i].n)
				}
			}
			// And it is what a cut shows.
			from := shots[75].at
			out := filepath.Join(dir, name+".mp4")
			offset, err := Remux(t.Context(), path, from, from+400*time.Millisecond, out)
			if err != nil {
				t.Fatal(err)
			}
			f, err := FrameAt(t.Context(), out, offset, 0)
			if err != nil {
				t.Fatal(err)
			}
			if number(f) != shots[75].n {
				t.Errorf("the cut shows %d at %v, want %d", number(f), offset, shots[75].n)
			}
		})
	}
}
