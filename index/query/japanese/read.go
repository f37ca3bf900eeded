package japanese

import (
	"slices"
	"strings"
	"unicode"
)

// word is one or more morphemes that mean one thing.
type word struct {
	class byte
	text  string // as it was written
	e     *entry // what it means; nil for particles and the like
	verb  inflection
	count count
	known bool // false: no table has it
	does  bool // a noun with する: 作業
}

// reader turns morphemes into words.
type reader struct {
	lexicon *lexicon
	table   *table
	ms      []morpheme
	out     []word
	unknown []string
	ignored []string
}

// maxMatch is how many morphemes a word of the tables can have.
const maxMatch = 8

func (r *reader) read() {
	for i := 0; i < len(r.ms); {
		i = r.next(i)
	}
}

func (r *reader) add(w word) { r.out = append(r.out, w) }

// next reads one word at i and returns the index after it.
func (r *reader) next(i int) int {
	m := &r.ms[i]
	if end := r.number(i); end > i {
		return end
	}
	if m.pos != "助詞" && m.pos != "助動詞" && m.pos != "記号" {
		if end := r.lookUp(i); end > i {
			return end
		}
	}
	switch m.pos {
	case "記号", "":
		r.symbol(m.surface)
	case "助詞":
		return r.particle(i)
	case "助動詞":
		if m.base == "だ" && m.surface == "で" || m.base == "だ" && m.surface == "な" {
			return r.particle(i)
		}
		if m.base == "ない" || m.base == "ぬ" {
			r.add(word{class: classNotBeing, text: m.surface})
		}
	case "動詞":
		return r.unknownVerb(i)
	case "形容詞":
		return r.adjective(i)
	case "名詞":
		return r.noun(i)
	case "接頭詞":
		r.prefix(m.surface)
	case "副詞", "接続詞", "感動詞", "フィラー", "連体詞", "その他":
	default:
		r.foreign(m.surface)
	}
	return i + 1
}

func (r *reader) symbol(s string) {
	switch {
	case strings.ContainsAny(s, "。.?!？！\n;"):
		r.add(word{class: classStop, text: s})
	case strings.ContainsAny(s, "、,，"):
		r.add(word{class: classComma, text: s})
	case strings.ContainsFunc(s, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }):
		r.foreign(s)
	}
}

// foreign keeps what is written in other letters. Neighbours stay together.
func (r *reader) foreign(s string) {
	s = strings.TrimSpace(s)
	if s == "" {
		return
	}
	r.add(word{class: classNoun, text: s, e: &entry{class: classNoun, english: s, literal: true}, known: true})
}

// number reads counts, times and numbered things.
func (r *reader) number(i int) int {
	m := &r.ms[i]
	if m.pos != "名詞" && m.pos != "接頭詞" || !startsNumber(m.surface) {
		return i
	}
	if _, n := r.longestLexicon(i); n > 0 && !r.singleCount(i, n) {
		return i
	}
	text := r.text(i, min(len(r.ms), i+12))
	if size := readTime(text); size > 0 {
		if end := r.boundary(i, size); end > i {
			r.ignored = append(r.ignored, text[:size])
			return r.skipParticle(end)
		}
	}
	if c := readCount(text); c.size > 0 {
		if end := r.boundary(i, c.size); end > i {
			if end < len(r.ms) && (r.ms[end].surface == "目" || r.ms[end].surface == "以上") {
				end++
			}
			r.add(word{class: classNumber, text: text[:c.size], count: c, known: true})
			return end
		}
	}
	n, size := readNumber(text)
	if size == 0 {
		return i
	}
	end := r.boundary(i, size)
	if end == i {
		return i
	}
	if end < len(r.ms) && (slices.Contains(orderCounters, r.ms[end].surface) || r.ms[end].surface == "階") {
		if r.ms[end].surface == "階" {
			r.add(word{class: classNoun, text: text[:size] + "階", known: true, e: &entry{class: classNoun, english: ordinal(n) + " floor", prep: "on"}})
		} else {
			r.foreign(text[:size])
		}
		return end + 1
	}
	r.foreign(text[:size])
	return end
}

// singleCount reports whether the lexicon's match is a number and its counter
// only (一人): the count says more.
func (r *reader) singleCount(i, n int) bool {
	text := r.text(i, i+n)
	c := readCount(text)
	return c.size == len(text)
}

func startsNumber(s string) bool {
	if c := readCount(s); c.size > 0 {
		return true
	}
	_, size := readNumber(s)
	return size > 0 || s == "数"
}

// text joins the surfaces of ms[i:end].
func (r *reader) text(i, end int) string {
	var b strings.Builder
	for _, m := range r.ms[i:end] {
		b.WriteString(m.surface)
	}
	return b.String()
}

// boundary returns the morpheme that starts size bytes after i, or i if none does.
func (r *reader) boundary(i, size int) int {
	for k := i; k < len(r.ms); k++ {
		size -= len(r.ms[k].surface)
		if size == 0 {
			return k + 1
		}
		if size < 0 {
			return i
		}
	}
	return i
}

// skipParticle passes over what connects a left out word to the rest.
func (r *reader) skipParticle(i int) int {
	for i < len(r.ms) && r.ms[i].pos == "助詞" && slices.Contains([]string{"の", "に", "は", "から", "まで", "も", "へ", "、"}, r.ms[i].surface) {
		i++
	}
	if i < len(r.ms) && r.ms[i].surface == "、" {
		i++
	}
	return i
}

// key is ms[i:i+n] with the last one in its dictionary form.
func (r *reader) key(i, n int) string {
	last := &r.ms[i+n-1]
	base := last.base
	if base == "できる" || base == "出来る" {
		base = "する"
	}
	return r.text(i, i+n-1) + base
}

// longestLexicon finds the longest word of the lexicon at i; n is 0 for none.
func (r *reader) longestLexicon(i int) (*entry, int) {
	for n := min(maxMatch, len(r.ms)-i); n > 0; n-- {
		for _, key := range []string{r.text(i, i+n), r.key(i, n)} {
			e := r.lexicon.words[strings.ToLower(key)]
			if e == nil || n > 1 && isShortKana(key) {
				continue
			}
			// した is 下 for nobody: a verb stem is not a noun in kana.
			if r.ms[i+n-1].pos == "動詞" && r.ms[i+n-1].form != "連用形" && e.class != classVerb && e.class != classBeing && n == 1 {
				continue
			}
			return e, n
		}
	}
	return nil, 0
}

func isShortKana(s string) bool {
	n := 0
	for _, c := range s {
		if !unicode.Is(unicode.Hiragana, c) {
			return false
		}
		n++
	}
	return n <= 3
}

// lookUp reads the longest word that a table has at i.
func (r *reader) lookUp(i int) int {
	e, n := r.longestLexicon(i)
	if longer, k := r.longestTable(i); k > n && k > 1 {
		e, n = longer, k
	}
	last := i + n - 1
	// A request may have no other meaning (見せて).
	for k := min(3, len(r.ms)-i); n == 0 && k > 0; k-- {
		if end := i + k - 1; r.ms[end].pos == "動詞" && r.lexicon.asking[r.key(i, k)] {
			e, n, last = &entry{class: classAsking, english: "show"}, k, end
		}
	}
	if n == 0 {
		return i
	}
	end := i + n
	w := word{class: e.class, text: r.text(i, end), e: e, known: true}
	switch e.class {
	case classVerb, classBeing, classAsking:
		if r.ms[last].pos == "名詞" { // 掃除 alone
			return i
		}
		w.verb, end = readInflection(r.ms, end)
		if asks := r.lexicon.asking[r.key(i, n)] || r.lexicon.asking[r.ms[last].base]; asks && r.ends(end) && (w.verb.request || e.class == classAsking || w.verb.link == linkAnd || r.ms[last].form == "命令形") && !w.verb.progressive {
			w.class = classAsking
		}
	case classAdjective:
		if r.ms[last].pos == "形容詞" || r.ms[last].pos == "動詞" {
			w.verb, end = readInflection(r.ms, end)
		}
		end = r.afterAdjective(&w, end)
	case classNoun:
		if (w.text == "誰" || w.text == "だれ" || w.text == "何") && r.endsAsking(end) {
			return end
		}
	case classTime:
		r.ignored = append(r.ignored, w.text)
		return r.skipParticle(end)
	case classSilent:
		if e.english == "what" || e.english == "very" || e.english == "it" {
			if end < len(r.ms) && (r.ms[end].surface == "か" || r.ms[end].surface == "に" || r.ms[end].surface == "の" || r.ms[end].surface == "を" || r.ms[end].surface == "で") && e.english != "very" {
				end++
			}
		}
		return end
	}
	r.add(w)
	return end
}

// ends reports whether nothing but politeness follows.
func (r *reader) ends(i int) bool {
	for ; i < len(r.ms); i++ {
		m := &r.ms[i]
		if m.pos == "名詞" && m.sub != "非自立" || m.pos == "動詞" && !r.lexicon.asking[m.base] && m.sub == "自立" || m.pos == "形容詞" && m.base != "ほしい" && m.base != "欲しい" {
			return m.pos == "名詞" && r.lexicon.asking[m.surface]
		}
	}
	return true
}

// endsAsking reports whether ですか follows, and nothing else.
func (r *reader) endsAsking(i int) bool {
	if i == len(r.ms) || len(r.out) == 0 {
		return false
	}
	for ; i < len(r.ms); i++ {
		if m := &r.ms[i]; m.pos != "助動詞" && m.pos != "記号" && m.surface != "か" {
			return false
		}
	}
	return true
}

// afterAdjective reads な, の and に after an adjective without inflection.
func (r *reader) afterAdjective(w *word, i int) int {
	if i >= len(r.ms) {
		return i
	}
	switch m := &r.ms[i]; {
	case m.surface == "な" || m.surface == "の" && (i+1 >= len(r.ms) || r.ms[i+1].pos != "動詞" && r.ms[i+1].base != "ない"):
		return i + 1
	case m.surface == "に" && i+1 < len(r.ms) && (r.ms[i+1].base == "なる" || r.ms[i+1].base == "する"):
		f, end := readInflection(r.ms, i+2)
		w.verb.link = f.link
		return end
	}
	return i
}

// longestTable finds a compound of the large dictionary: nouns only, so that
// particles are never swallowed.
func (r *reader) longestTable(i int) (*entry, int) {
	end := i
	for end < len(r.ms) && end < i+5 && compounds(&r.ms[end]) {
		end++
	}
	for n := end - i; n > 1; n-- {
		key := r.text(i, i+n)
		if r.lexicon.words[key+"する"] != nil {
			return nil, 0
		}
		english, class, common := r.table.find(key, "n")
		if class == 0 || !common && len([]rune(key)) < 3 {
			continue
		}
		return &entry{class: class, english: english}, n
	}
	return nil, 0
}

func compounds(m *morpheme) bool {
	if m.pos == "接頭詞" {
		return true
	}
	return m.pos == "名詞" && m.sub != "数" && m.sub != "代名詞" && m.sub != "非自立" && !(m.sub == "接尾" && suffixes[m.surface] != "") && m.surface != " "
}

// unknownVerb reads a verb that only the large dictionary has, or none.
func (r *reader) unknownVerb(i int) int {
	m := &r.ms[i]
	f, end := readInflection(r.ms, i+1)
	w := word{class: classVerb, text: m.surface, verb: f, known: true}
	if m.base == "する" {
		w.e = &entry{class: classVerb, english: "do"}
		// Clothes are worn: マスクをしている.
		if len(r.out) > 1 && r.out[len(r.out)-1].text == "を" && r.out[len(r.out)-2].e != nil && r.out[len(r.out)-2].e.worn {
			w.e = r.lexicon.words["着る"]
		}
		r.add(w)
		return end
	}
	if m.base == "なる" || m.sub == "非自立" {
		return end
	}
	english, _, _ := r.table.find(m.base, "v")
	if english == "" {
		r.unknown = append(r.unknown, m.surface)
		w.known = false
		english = "do something"
	}
	w.e = &entry{class: classVerb, english: english}
	r.add(w)
	return end
}

func (r *reader) adjective(i int) int {
	m := &r.ms[i]
	if m.surface == "なし" || m.surface == "無し" || (m.surface == "なく" || m.surface == "無く") && r.afterNoun() {
		r.add(word{class: classWithout, text: m.surface})
		return i + 1
	}
	f, end := readInflection(r.ms, i+1)
	if m.base == "ない" || m.base == "無い" {
		if m.form == "連用テ接続" && f.link == linkEnd {
			f.link = linkAnd
		}
		f.negative = !f.negative
		if r.afterNotBeing() {
			r.add(word{class: classNotBeing, text: m.surface, verb: f})
			return end
		}
		r.add(word{class: classBeing, text: m.surface, e: r.lexicon.words["ある"], verb: f, known: true})
		return end
	}
	english, _, _ := r.table.find(m.base, "a")
	if english == "" {
		r.unknown = append(r.unknown, m.surface)
		return end
	}
	r.add(word{class: classAdjective, text: m.surface, e: &entry{class: classAdjective, english: english}, verb: f, known: true})
	return end
}

func (r *reader) afterNoun() bool {
	return len(r.out) > 0 && r.out[len(r.out)-1].class == classNoun
}

// afterNotBeing takes では and じゃ off the words read so far: ではない follows.
func (r *reader) afterNotBeing() bool {
	n := len(r.out)
	if n > 1 && r.out[n-1].text == "は" && r.out[n-2].text == "で" {
		r.out = r.out[:n-2]
		return true
	}
	if n > 0 && (r.out[n-1].text == "じゃ" || r.out[n-1].text == "で") {
		r.out = r.out[:n-1]
		return true
	}
	// 赤くない comes as one word; 赤く, ない as two.
	return n > 0 && r.out[n-1].class == classAdjective
}

func (r *reader) particle(i int) int {
	s := r.ms[i].surface
	switch s {
	case "には", "では", "とは", "にて", "からは", "へは", "でも", "にも":
		s = map[string]string{"には": "に", "では": "で", "とは": "と", "にて": "で", "からは": "から", "へは": "へ", "でも": "で", "にも": "に"}[s]
	case "など", "だけ", "ばかり", "くらい", "ぐらい", "ほど", "さえ", "すら", "か", "ね", "よ", "のみ", "って", "わ", "な", "ずつ", "しか":
		return i + 1
	case "とともに", "と共に":
		s = "と"
	case "に対して", "に向かって", "に向けて", "へと":
		s = "へ"
	case "において", "における":
		s = "で"
	case "によって", "による", "により":
		s = "で"
	case "や", "やら", "とか":
		s = "と"
	case "として", "について", "に関する", "に関して", "という", "といった":
		s = "の"
	}
	r.add(word{class: classParticle, text: s})
	return i + 1
}

// prefixes say something by themselves; others belong to a compound or to nothing.
var prefixes = map[string]string{"大": "large", "小": "small", "新": "new", "旧": "old", "全": "all", "古": "old", "両": "both", "超": "very", "空": "empty", "無": "without"}

func (r *reader) prefix(s string) {
	switch english := prefixes[s]; english {
	case "", "without", "very":
	default:
		r.add(word{class: classAdjective, text: s, e: &entry{class: classAdjective, english: english}, known: true})
	}
}

// suffixes of nouns and what becomes of them.
var suffixes = map[string]string{
	"たち": "many", "達": "many", "ら": "many", "ども": "many", "など": "-", "等": "-", "類": "many",
	"さん": "-", "様": "-", "さま": "-", "氏": "-", "君": "-", "ちゃん": "-", "的": "-", "型": "-", "式": "-", "側": "-", "同士": "many", "全員": "many", "色": "-", "用": "-", "系": "-", "際": "-", "専用": "-",
	"中": "doing", "内": "in", "外": "outside", "上": "on", "前": "in front of", "横": "next to", "脇": "next to", "後": "after", "付近": "near", "周辺": "near", "沿い": "along",
	"姿": "wearing", "付き": "with", "つき": "with", "入り": "with", "連れ": "with", "製": "made of", "だらけ": "covered in", "まみれ": "covered in", "なし": "without", "無し": "without", "抜き": "without", "以外": "other than",
	"者": "-", "員": "-", "待ち": "waiting for", "越し": "through",
}

func (r *reader) noun(i int) int {
	m := &r.ms[i]
	if what := suffixes[m.surface]; what != "" && len(r.out) > 0 && (m.sub == "接尾" || m.sub == "非自立" || what == "without" || what == "other than" || m.surface == "同士") {
		r.add(word{class: classSuffix, text: m.surface, e: &entry{class: classSuffix, english: what}, known: true})
		return i + 1
	}
	if m.sub == "非自立" || m.sub == "接尾" && !m.known {
		return i + 1
	}
	next := func(k int) string {
		if k < len(r.ms) {
			return r.ms[k].base
		}
		return ""
	}
	// A noun that する makes a verb of; the lexicon has the verb.
	for n := min(4, len(r.ms)-i); n > 0; n-- {
		e := r.lexicon.words[r.text(i, i+n)+"する"]
		if e == nil {
			continue
		}
		if next(i+n) == "作業" || next(i+n) == "業務" {
			n++
		}
		w := word{class: classNoun, text: r.text(i, i+n), known: true, does: true,
			e: &entry{class: classNoun, english: gerund(e.english), action: true, verb: e.english}}
		if next(i+n) == "中" || next(i+n) == "する" {
			w.class, w.e = classVerb, e
			f := inflection{progressive: true}
			end := i + n + 1
			if next(i+n) == "する" {
				f, end = readInflection(r.ms, end)
			} else if end < len(r.ms) && r.ms[end].surface == "の" {
				end++
			}
			w.verb = f
			r.add(w)
			return end
		}
		r.add(w)
		return i + n
	}
	classes := "na"
	if m.sub == "形容動詞語幹" {
		classes = "an"
	}
	english, class, common := r.table.find(m.base, classes)
	if m.sub == "副詞可能" && class == classNoun && !common {
		return i + 1
	}
	if does := next(i+1) == "する" || next(i+1) == "できる"; does && m.pos == "名詞" && english != "" {
		f, end := readInflection(r.ms, i+2)
		e := &entry{class: classVerb, english: "do " + english}
		if first, _, _ := strings.Cut(english, " "); strings.HasSuffix(first, "ing") {
			e.english, e.doing = english, english
		}
		if verb, _, _ := r.table.find(m.base+"する", "v"); verb != "" {
			e.english, e.doing = verb, ""
		}
		r.add(word{class: classVerb, text: m.surface, e: e, verb: f, known: true})
		return end
	}
	if english == "" {
		if !strings.ContainsFunc(m.surface, isJapanese) {
			r.symbol(m.surface)
			return i + 1
		}
		if m.sub == "接尾" {
			return i + 1
		}
		r.unknown = append(r.unknown, m.surface)
		r.add(word{class: classNoun, text: m.surface, e: &entry{class: classNoun, english: "something"}})
		return i + 1
	}
	w := word{class: class, text: m.surface, e: &entry{class: class, english: english}, known: true}
	end := i + 1
	if class == classAdjective {
		end = r.afterAdjective(&w, end)
	}
	r.add(w)
	return end
}

func ordinal(n int) string {
	names := []string{"", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"}
	if n > 0 && n < len(names) {
		return names[n]
	}
	return "top"
}
