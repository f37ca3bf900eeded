package encode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestEncodeText(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	w := loadWeights(t)
	a, err := e.EncodeText(context.Background(), "Red hats, unicorn")
	if err != nil {
		t.Fatal(err)
	}
	// [CLS] red hat ##s , [UNK] [SEP]
	ids := []int{2, 8, 15, 19, 20, 1, 3}
	if !slices.Equal(a.IDs, ids) || !slices.Equal(a.WordOf, []int{-1, 0, 1, 1, 2, 3, -1}) {
		t.Errorf("ids %v, words %v", a.IDs, a.WordOf)
	}
	if !slices.Equal(a.Words, []string{"Red", "hats", ",", "unicorn"}) || !slices.Equal(a.Unknown, []string{"unicorn"}) || a.Truncated {
		t.Errorf("words %q, unknown %q, truncated %v", a.Words, a.Unknown, a.Truncated)
	}
	want := make([]float64, 6)
	for i, id := range ids {
		for d, x := range w.Table[id] {
			want[d] += x
		}
		if !near(a.Tokens[i], w.Table[id][:3], 1e-6) {
			t.Errorf("token %d is %v, want %v", i, a.Tokens[i], w.Table[id][:3])
		}
	}
	unit(want)
	if !near(a.Vector, want, 1e-6) || len(a.Tokens) != len(ids) {
		t.Errorf("vector %v, want %v; %d token rows", a.Vector, want, len(a.Tokens))
	}
}

func TestEncodeTextCutsAndSaysSo(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	exact, err := e.EncodeText(context.Background(), "a red dog with a hat")
	if err != nil || exact.Truncated || len(exact.IDs) != 8 {
		t.Errorf("%d tokens, truncated %v, %v", len(exact.IDs), exact.Truncated, err)
	}
	for _, more := range []string{" and", strings.Repeat(" worker", 100_000), " 日本語" + strings.Repeat("x", 50_000)} {
		a, err := e.EncodeText(context.Background(), "a red dog with a hat"+more)
		if err != nil || !a.Truncated || !slices.Equal(a.IDs, exact.IDs) || !slices.Equal(a.Words, exact.Words) {
			t.Errorf("%.20q: %d tokens, truncated %v, words %q, %v", more, len(a.IDs), a.Truncated, a.Words, err)
		}
	}
}

func TestEncodeTextWithoutWords(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	for _, text := range []string{"", "   ", "\x00\u200b", "\u0301"} {
		if _, err := e.EncodeText(context.Background(), text); !errors.Is(err, ErrNoWords) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if a, err := e.EncodeText(context.Background(), "\xff\xfe 現"); err != nil || !slices.Equal(a.Unknown, []string{"現"}) {
		t.Errorf("no UTF-8: %q, %v", a.Unknown, err)
	}
}

func TestTextCache(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	ctx := context.Background()
	first, err := e.EncodeText(ctx, "red dog")
	if err != nil {
		t.Fatal(err)
	}
	want := first.clone()
	for range 2 { // whatever a caller does to an answer stays his
		first.Vector[0], first.IDs[1], first.Words[0], first.Tokens[1][0] = 9, 9, "x", 9
		again, err := e.EncodeText(ctx, "red dog")
		if err != nil || !slices.Equal(again.Vector, want.Vector) || !slices.Equal(again.IDs, want.IDs) || again.Words[0] != "red" || again.Tokens[1][0] != want.Tokens[1][0] {
			t.Errorf("remembered as %+v, %v", again, err)
		}
		first = again
	}
	c := newTextCache(3)
	for i := range 5 {
		c.put(fmt.Sprint(i), TextEmbedding{IDs: []int{i}})
		c.get("1")
	}
	for text, want := range map[string]bool{"0": false, "1": true, "2": false, "3": true, "4": true} {
		if a, ok := c.get(text); ok != want || ok && fmt.Sprint(a.IDs[0]) != text {
			t.Errorf("%s is remembered: %v", text, ok)
		}
	}
	c.put("4", TextEmbedding{IDs: []int{44}})
	if a, _ := c.get("4"); a.IDs[0] != 44 || c.order.Len() != 3 || len(c.byKey) != 3 {
		t.Errorf("%v, %d and %d remembered", a.IDs, c.order.Len(), len(c.byKey))
	}
	c.put(strings.Repeat("x", maxCachedText+1), TextEmbedding{})
	if c.order.Len() != 3 {
		t.Error("a huge text is remembered")
	}
}

// A search must not wait for the clips of an import.
func TestTextDoesNotWaitForClips(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	e.vision.slots <- struct{}{} // as during a run
	defer func() { <-e.vision.slots }()
	if _, err := e.EncodeText(context.Background(), "a dog"); err != nil {
		t.Error(err)
	}
}
