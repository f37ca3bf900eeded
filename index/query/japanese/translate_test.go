package japanese

import (
	"os"
	"strings"
	"sync"
	"testing"
)

var translator = sync.OnceValues(New)

func newTranslator(t testing.TB) *Translator {
	t.Helper()
	tr, err := translator()
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestQuestions(t *testing.T) {
	tr := newTranslator(t)
	text, err := os.ReadFile("testdata/questions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		question, want, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		n++
		if got := tr.Translate(question).English; got != want {
			t.Errorf("%s\n got %q\nwant %q", question, got, want)
		}
	}
	if n < 120 {
		t.Errorf("%d questions only", n)
	}
}

func TestWhatIsNotTranslated(t *testing.T) {
	tr := newTranslator(t)
	for _, c := range []struct{ text, english, unknown, ignored string }{
		{"", "", "", ""},
		{"？", "", "", ""},
		{"昨日の午後3時", "", "", "昨日 午後 3時"},
		{"ザブロクを持った男性", "a man holding something", "ザブロク", ""},
		{"ザブロク", "", "ザブロク", ""},
		{"見せて", "", "", ""},
	} {
		got := tr.Translate(c.text)
		if got.English != c.english || strings.Join(got.Unknown, "") != c.unknown || strings.Join(got.Ignored, " ") != c.ignored {
			t.Errorf("%s: %+v", c.text, got)
		}
	}
}

func TestIs(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "a red truck": false, "赤": true, "くるま": true, "ﾄﾗｯｸ": true, "красный": false, `a truck "トラック"`: false, `「トラック」の箱`: true, "「トラック": true,
	} {
		if Is(text) != want {
			t.Errorf("Is(%q) is %v", text, !want)
		}
	}
}

func TestLazyLeavesOtherLanguagesAlone(t *testing.T) {
	loaded := false
	l := &Lazy{load: func() *Translator { loaded = true; return newTranslator(t) }}
	if _, ok := l.Translate("a red truck"); ok || loaded {
		t.Errorf("translated %v, loaded %v", ok, loaded)
	}
	got, ok := l.Translate("昨日の赤いトラック")
	if !ok || got.Text != "a red truck" || len(got.Ignored) != 1 {
		t.Errorf("%+v %v", got, ok)
	}
	broken := &Lazy{load: func() *Translator { return nil }}
	if _, ok := broken.Translate("赤いトラック"); ok {
		t.Error("translated without dictionaries")
	}
}

func TestDamagedTables(t *testing.T) {
	if _, err := openTable([]byte("no table")); err == nil {
		t.Error("a damaged word table is taken")
	}
	if _, err := openAnalysis([]byte("no dictionary")); err == nil {
		t.Error("a damaged analysis is taken")
	}
	for _, line := range []string{"車 n car", "車: z car", "車: n car; wings", "車: n car\n車: n cart"} {
		if _, err := parseLexicon(line); err == nil {
			t.Errorf("lexicon takes %q", line)
		}
	}
}

// Every line of the word table is found by its word.
func TestTableFindsItsWords(t *testing.T) {
	table := newTranslator(t).table
	n := 0
	for line := range strings.Lines(table.text) {
		if n++; n%97 != 0 {
			continue
		}
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if english, _, _ := table.find(word, rest[:1]); english != rest[3:] {
			t.Fatalf("%s: %q, want %q", word, english, rest[3:])
		}
	}
	for _, word := range []string{"", "zzz", "\xff", "！"} {
		if english, _, _ := table.find(word, "nvad"); english != "" {
			t.Errorf("%q is %q", word, english)
		}
	}
}

// Two runs over the same text give the same, whatever came between.
func TestConcurrentUse(t *testing.T) {
	tr := newTranslator(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if got := tr.Translate("棚の陶器を見ている人たち").English; got != "people looking at pottery on a shelf" {
					t.Errorf("%q", got)
				}
			}
		})
	}
	group.Wait()
}
