package japanese

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzTranslate(f *testing.F) {
	for _, text := range []string{
		"ヘルメットをかぶっていない人", "木の床の何もない部屋", "「A」と\"B", "一二三四五六七八九十百千万", "ではないではない赤くない", "のののの", "なしなしなし",
		"3時間5分12台の、車。？", "をにがでとはも", "している中中内外", "red 車 truck", "\xff\xfe赤", "赤と青と白と", "間間間の間", "９９９９９９９９９９９９９台",
		strings.Repeat("「", 3000), strings.Repeat("ヘルメットﾞ", 400), strings.Repeat("「a」の", 900),
	} {
		f.Add(text)
	}
	tr := newTranslator(f)
	f.Fuzz(func(t *testing.T, text string) {
		got := tr.Translate(text)
		if !utf8.ValidString(got.English) && utf8.ValidString(text) {
			t.Errorf("%q became invalid UTF-8 %q", text, got.English)
		}
		if again := tr.Translate(text); !reflect.DeepEqual(got, again) {
			t.Errorf("%q: %+v, then %+v", text, got, again)
		}
		if len(text) < 4096 && len(got.English) > 64*len(text)+1024 {
			t.Errorf("%d bytes became %d", len(text), len(got.English))
		}
	})
}
