package eval

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dataDir finds a folder of data that is not part of the repository.
func dataDir(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("GEMBA_DATA")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("%s not found (set GEMBA_DATA): %v", name, err)
	}
	return dir
}

// TestEK100Relevancy holds the built matrix against every figure known of the
// published one, down to the hash of its bytes.
func TestEK100Relevancy(t *testing.T) {
	rel, err := ReadEK100Relevancy(dataDir(t, "ek100"))
	if err != nil {
		t.Fatal(err)
	}
	rows, cols := rel.Dims()
	if rows != 9668 || cols != 3842 {
		t.Fatalf("relevancy is %d x %d, want 9668 x 3842", rows, cols)
	}
	var sum float64
	var ones, positive, halves, zeros int
	colSum, colOnes := make([]float64, cols), make([]int, cols)
	rowSum, rowOnes := make([]float64, rows), make([]int, rows)
	distinct := map[float64]bool{}
	h64, h32 := sha256.New(), sha256.New()
	b64, b32 := make([]byte, 8*cols), make([]byte, 4*cols)
	row := make([]float64, cols)
	for i := range rows {
		rel.Row(i, row)
		for j, v := range row {
			binary.LittleEndian.PutUint64(b64[8*j:], math.Float64bits(v))
			binary.LittleEndian.PutUint32(b32[4*j:], math.Float32bits(float32(v)))
			distinct[v] = true
			sum += v
			rowSum[i] += v
			colSum[j] += v
			switch {
			case v == 1:
				ones++
				rowOnes[i]++
				colOnes[j]++
			case v == 0.5:
				halves++
			case v == 0:
				zeros++
			}
			if v > 0 {
				positive++
			}
		}
		h64.Write(b64)
		h32.Write(b32)
	}
	if got := hex.EncodeToString(h64.Sum(nil)); got != "e3e131906c33d44e4510cd8706eac3a79e3c1a9e49de5d1e6ccc68f41eae6014" {
		t.Errorf("sha256 of the float64 bytes is %s", got)
	}
	if got := hex.EncodeToString(h32.Sum(nil)); got != "fc3bfdc6e828746b06d3e75ea7b3ad9a9a7c57a122ab84843f104761af62d956" {
		t.Errorf("sha256 of the float32 bytes is %s", got)
	}
	if ones != 62535 || positive != 4224956 || halves != 3655357 || zeros != 32919500 || len(distinct) != 18 {
		t.Errorf("ones %d, positive %d, halves %d, zeros %d, distinct %d", ones, positive, halves, zeros, len(distinct))
	}
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-9*want+1e-9 {
			t.Errorf("%s = %.10f, want %.10f", what, got, want)
		}
	}
	near("sum", sum, 2040309.2333333334)
	near("sum of row 0", rowSum[0], 376.5416666667)
	near("sum of row 9667", rowSum[9667], 194.6666666667)
	near("sum of column 0", colSum[0], 1190.2916666667)
	near("sum of column 3841", colSum[3841], 271.8333333333)
	minMax := func(what string, v []int, lo, hi int) {
		gotLo, gotHi := v[0], v[0]
		for _, n := range v {
			gotLo, gotHi = min(gotLo, n), max(gotHi, n)
		}
		if gotLo != lo || gotHi != hi {
			t.Errorf("%s between %d and %d, want %d and %d", what, gotLo, gotHi, lo, hi)
		}
	}
	minMax("fully relevant per row", rowOnes, 1, 25)
	minMax("fully relevant per column", colOnes, 1, 226)

	column := newColumns(6, rows)
	rel.Columns(3836, column)
	for i := range rows {
		rel.Row(i, row)
		for k := range column {
			if column[k][i] != row[3836+k] {
				t.Fatalf("column %d, row %d: %v by columns, %v by rows", 3836+k, i, column[k][i], row[3836+k])
			}
		}
	}
	if column[0][3101] != 1 || column[5][4138] != 1 {
		t.Error("the odd last sentences do not match the clips that lend them their classes")
	}
}

func TestEK100RelevancyByHand(t *testing.T) {
	clips := "narration_id,narration,verb_class,all_noun_classes\na,take plate,0,[2]\nb,put plate on cup,1,\"[2, 7, 7]\"\n"
	sentences := "narration_id,narration\nb,something else entirely\na,take plate\n"
	c, err := ReadEK100Clips(strings.NewReader(clips), "clips.csv")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ReadEK100Sentences(strings.NewReader(sentences), "sentences.csv")
	if err != nil {
		t.Fatal(err)
	}
	rel, err := EK100Relevancy(c, s, "sentences.csv")
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float64, 2)
	for i, want := range [][]float64{{0.25, 1}, {1, 0.25}} {
		rel.Row(i, row)
		if row[0] != want[0] || row[1] != want[1] {
			t.Errorf("row %d = %v, want %v", i, row, want)
		}
	}
}

func TestEK100BadFiles(t *testing.T) {
	tests := []struct {
		name, clips string
		want        []string
	}{
		{"empty", "", []string{"clips.csv: the file is empty"}},
		{"no column", "narration_id,narration,verb_class\na,b,1\n", []string{`clips.csv:1: there is no column "all_noun_classes"`}},
		{"no rows", "narration_id,narration,verb_class,all_noun_classes\n", []string{"no row below"}},
		{
			"bad classes", "narration_id,narration,verb_class,all_noun_classes\na,x,-1,[2]\nb,x,0,2\nb,x,0,[]\n,x,0,[1]\n",
			[]string{"clips.csv:2: verb_class", "clips.csv:3: all_noun_classes", `clips.csv:4: narration_id "b" is already on line 3`, "clips.csv:4: all_noun_classes: the list is empty", "clips.csv:5: narration_id is empty"},
		},
		{"huge class", "narration_id,narration,verb_class,all_noun_classes\na,x,0,[99999999999]\n", []string{"is no class number"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadEK100Clips(strings.NewReader(tt.clips), "clips.csv")
			wantInError(t, err, tt.want...)
		})
	}
	c := []EK100Clip{{NarrationID: "a", Classes: Classes{Nouns: []int{1}}}}
	_, err := EK100Relevancy(c, []EK100Sentence{{NarrationID: "nowhere", Line: 7}}, "sentences.csv")
	wantInError(t, err, `sentences.csv:7: narration_id "nowhere" is no clip`)
}

func TestNewRelevancyRejects(t *testing.T) {
	good := []Classes{{Nouns: []int{1}}}
	for name, bad := range map[string][]Classes{
		"none": nil, "no nouns": {{Verb: 1}}, "negative": {{Nouns: []int{-1}}}, "huge": {{Nouns: []int{1 << 40}}},
	} {
		if _, err := NewRelevancy(bad, good); err == nil {
			t.Errorf("%s clips: no error", name)
		}
		if _, err := NewRelevancy(good, bad); err == nil {
			t.Errorf("%s sentences: no error", name)
		}
	}
}

func wantInError(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
}
