package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReadsWhatNumPyWrites(t *testing.T) {
	half := []float64{0, 1, -2.5, 0.0999755859375, 65504, -math.Exp2(-24)}
	single := []float64{0, 1, -2.5, float64(float32(0.1)), 65504, float64(float32(-6e-8))}
	double := []float64{0, 1, -2.5, 0.1, 65504, -6e-8}
	for _, c := range []struct {
		file string
		want []float64
	}{
		{"f2.npy", half}, {"f4.npy", single}, {"f8.npy", double}, {"version2.npy", single},
	} {
		m, err := ReadMatrixFile[float64](filepath.Join("testdata", c.file))
		if err != nil {
			t.Errorf("%s: %v", c.file, err)
			continue
		}
		if m.Rows != 2 || m.Cols != 3 || !slices.Equal(m.Data, c.want) {
			t.Errorf("%s: got %dx%d %v, want 2x3 %v", c.file, m.Rows, m.Cols, m.Data, c.want)
		}
		if got := m.Row(1); !slices.Equal(got, c.want[3:]) || cap(got) != 3 {
			t.Errorf("%s: row 1 is %v with room for %d", c.file, got, cap(got))
		}
		if err := m.CheckFinite(); err != nil {
			t.Errorf("%s: %v", c.file, err)
		}
	}
}

func TestReadVectorAndEmpty(t *testing.T) {
	a, err := Read[float32](open(t, "vector.npy"))
	if err != nil || !slices.Equal(a.Shape, []int{5}) || !slices.Equal(a.Data, []float32{0, .25, .5, .75, 1}) {
		t.Errorf("vector: %v, %v", a, err)
	}
	a, err = Read[float32](open(t, "cube.npy"))
	if err != nil || !slices.Equal(a.Shape, []int{2, 2, 2}) || len(a.Data) != 8 {
		t.Errorf("cube: %v, %v", a, err)
	}
	m, err := ReadMatrix[float32](open(t, "empty.npy"))
	if err != nil || m.Rows != 0 || m.Cols != 4 || len(m.Data) != 0 {
		t.Errorf("empty: %v, %v", m, err)
	}
	m, err = ReadMatrix[float32](open(t, "special.npy"))
	if err != nil || m.Data[0] == m.Data[0] || !math.IsInf(float64(m.Data[1]), 1) || !math.IsInf(float64(m.Data[2]), -1) {
		t.Errorf("special values: %v, %v", m, err)
	}
	if err := m.CheckFinite(); !errors.Is(err, ErrNotFinite) || !strings.Contains(err.Error(), "row 0, column 0") {
		t.Errorf("special values: %v, want one naming row 0, column 0", err)
	}
}

func TestRefuses(t *testing.T) {
	good, err := os.ReadFile("testdata/f4.npy")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want error
		says string
	}{
		{"fortran", file(t, "fortran.npy"), ErrUnsupported, "Fortran"},
		{"integers", file(t, "i8.npy"), ErrUnsupported, `"<i8"`},
		{"big-endian", file(t, "big_endian.npy"), ErrUnsupported, `">f4"`},
		{"three dimensions", file(t, "cube.npy"), ErrUnsupported, "[2 2 2]"},
		{"scalar", file(t, "scalar.npy"), ErrUnsupported, "0 dimensions"},
		{"records", file(t, "record.npy"), ErrUnsupported, "records"},
		{"objects", file(t, "object.npy"), ErrUnsupported, `"|O"`},
		{"vector as a matrix", file(t, "vector.npy"), ErrUnsupported, "[5]"},
		{"nothing", nil, ErrTruncated, "header"},
		{"half a header", good[:40], ErrTruncated, "header"},
		{"last byte missing", good[:len(good)-1], ErrTruncated, "23 of 24"},
		{"a byte too many", append(slices.Clone(good), 0), ErrFormat, "more bytes"},
		{"magic", append([]byte("PK"), good[2:]...), ErrFormat, "magic"},
		{"version", withHeader(9, "{}"), ErrUnsupported, "version 9"},
		{"huge header", []byte(magic + "\x02\x00\xff\xff\xff\x7f"), ErrFormat, "header of"},
		{"huge shape", withHeader(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976, 1152921504606846976)}"), ErrFormat, "too large"},
		{"shape beyond the file", withHeader(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 100000)}"), ErrTruncated, "0 of 400000000000"},
		{"negative extent", withHeader(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4)}"), ErrFormat, "extent"},
		{"key missing", withHeader(1, "{'descr': '<f4', 'shape': (1, 4)}"), ErrFormat, "needs"},
		{"key twice", withHeader(1, "{'descr': '<f4', 'descr': '<f4', 'shape': (1, 4)}"), ErrFormat, "twice"},
		{"unknown key", withHeader(1, "{'x': 1}"), ErrFormat, "unknown"},
		{"text behind", withHeader(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 0)} x"), ErrFormat, "after"},
		{"open string", withHeader(1, "{'descr"), ErrFormat, "does not end"},
	} {
		_, err := ReadMatrix[float32](bytes.NewReader(c.data))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q that says %q", c.name, err, c.want, c.says)
		}
	}
	if _, err := ReadMatrixFile[float32]("testdata/cube.npy"); err == nil || !strings.Contains(err.Error(), "cube.npy") {
		t.Errorf("error does not name the file: %v", err)
	}
	if _, err := ReadMatrixFile[float32]("testdata/none.npy"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestReadPassesReaderErrors(t *testing.T) {
	broken := errors.New("disk on fire")
	good := file(t, "f4.npy")
	for _, n := range []int{3, 60, len(good) - 4, len(good)} {
		r := io.MultiReader(bytes.NewReader(good[:n]), failing{broken})
		if _, err := ReadMatrix[float32](r); !errors.Is(err, broken) {
			t.Errorf("failing after %d bytes: %v", n, err)
		}
	}
}

func TestWriteMatchesNumPy(t *testing.T) {
	var b bytes.Buffer
	if err := WriteMatrix(&b, 2, 3, []float64{0, 1, -2.5, 0.1, 65504, -6e-8}); err != nil || !bytes.Equal(b.Bytes(), file(t, "f8.npy")) {
		t.Errorf("float64: %v, %q", err, b.Bytes())
	}
	b.Reset()
	if err := WriteMatrix(&b, 2, 3, []float32{0, 1, -2.5, 0.1, 65504, -6e-8}); err != nil || !bytes.Equal(b.Bytes(), file(t, "f4.npy")) {
		t.Errorf("float32: %v, %q", err, b.Bytes())
	}
	b.Reset()
	if err := WriteMatrix(&b, 2, 2, []int64{1, -2, 3, 1 << 40}); err != nil || !bytes.Equal(b.Bytes(), file(t, "i8.npy")) {
		t.Errorf("int64: %v, %q", err, b.Bytes())
	}
	if err := WriteMatrix(&b, 2, 2, []float32{1, 2, 3}); err == nil {
		t.Error("a matrix with a value missing was written")
	}
	broken := errors.New("disk full")
	if err := WriteMatrix(failing{broken}, 100, 1000, make([]float32, 100000)); !errors.Is(err, broken) {
		t.Errorf("failing writer: %v", err)
	}
}

func TestWriteThenReadIsIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(0, 300).Draw(t, "rows"), rapid.IntRange(1, 300).Draw(t, "cols")
		seed := rapid.Uint32().Draw(t, "seed")
		data := make([]float32, rows*cols)
		for i := range data {
			seed = seed*1664525 + 1013904223
			data[i] = float32(int32(seed)) / 1e5
		}
		var b bytes.Buffer
		if err := WriteMatrix(&b, rows, cols, data); err != nil {
			t.Fatal(err)
		}
		m, err := ReadMatrix[float32](&b)
		if err != nil || m.Rows != rows || m.Cols != cols || !slices.Equal(m.Data, data) {
			t.Fatalf("%d x %d came back as %d x %d, %v", rows, cols, m.Rows, m.Cols, err)
		}
	})
}

func FuzzRead(f *testing.F) {
	names, err := filepath.Glob("testdata/*.npy")
	if err != nil || len(names) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Read[float32](bytes.NewReader(b))
		if err != nil {
			return
		}
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if n != len(a.Data) || n*2 > len(b) {
			t.Fatalf("shape %v, %d values from %d bytes", a.Shape, len(a.Data), len(b))
		}
	})
}

func BenchmarkReadMatrix(b *testing.B) {
	var buf bytes.Buffer
	if err := WriteMatrix(&buf, 1000, 1000, make([]float32, 1e6)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(4e6)
	for b.Loop() {
		if _, err := ReadMatrix[float32](bytes.NewReader(buf.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

func withHeader(version byte, text string) []byte {
	b := append([]byte(magic), version, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...)
}

func open(t *testing.T, name string) io.Reader { return bytes.NewReader(file(t, name)) }

func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
