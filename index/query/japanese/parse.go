package japanese

import (
	"slices"
	"strings"
)

// item is what lies on the stack of the parser: what was read and waits for the
// word that it belongs to, which in Japanese always comes later.
type item struct {
	kind     itemKind
	p        *phrase // itemPhrase
	particle string  // after the phrase; "" if none came yet
	c        *clause // itemClause
	text     string  // itemAdjective, itemAfter, itemAdverb
	e        *entry  // of an adjective
	n        count   // itemNumber
	negative bool    // adjective: not
	of       *phrase // of an adjective: what is so (背の高い)
}

type itemKind byte

const (
	itemPhrase    itemKind = iota
	itemClause             // before a noun, or one that goes on
	itemAdjective          // before a noun
	itemAfter              // after a noun or a verb: without a helmet
	itemAdverb
	itemNumber
	itemText // a finished sentence
)

// parser puts the words of one sentence together.
type parser struct {
	words []word
	i     int
	stack []item
}

func (p *parser) push(it item) { p.stack = append(p.stack, it) }

func (p *parser) top() *item {
	if len(p.stack) == 0 {
		return nil
	}
	return &p.stack[len(p.stack)-1]
}

func (p *parser) pop() item {
	it := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	return it
}

// peek returns the class and text of the word k after this one.
func (p *parser) peek(k int) (byte, string) {
	if p.i+k < len(p.words) {
		return p.words[p.i+k].class, p.words[p.i+k].text
	}
	return 0, ""
}

// parse returns the English of the sentence.
func (p *parser) parse() string {
	for ; p.i < len(p.words); p.i++ {
		w := &p.words[p.i]
		switch w.class {
		case classNoun:
			p.noun(w)
		case classVerb, classBeing:
			p.verb(w)
		case classAdjective:
			p.adjective(w)
		case classPhrase:
			p.push(item{kind: itemAfter, text: w.e.english})
		case classAdverb:
			p.push(item{kind: itemAdverb, text: w.e.english})
		case classPlace:
			p.place(w)
		case classNumber:
			p.number(w)
		case classParticle:
			p.particle(w)
		case classSuffix:
			p.suffix(w)
		case classWrapper:
			p.wrapper()
		case classWithout:
			p.turnLast("without")
		case classNotBeing:
			p.notBeing()
		case classComma:
			p.comma()
		}
	}
	return p.finish()
}

// noun starts a phrase and gives it what waits for a noun.
func (p *parser) noun(w *word) {
	np := newPhrase(w)
	// Two nouns in a row are one: 産業 ロボット.
	if t := p.top(); t != nil && t.kind == itemPhrase && t.particle == "" {
		mod := p.pop().p
		switch {
		case np.e.literal || mod.e.literal:
			np.e = &entry{class: classNoun, english: joinWords(mod.noun(), np.e.english), literal: np.e.literal && mod.e.literal, person: np.e.person}
			np.after, np.n = mod.after, mod.n
			p.push(item{kind: itemPhrase, p: np})
			return
		case !np.known:
			p.push(item{kind: itemPhrase, p: mod})
			return
		case np.e.of != "":
			belong(np, mod)
		case np.e.action:
			belong(np, mod)
		case np.e.isPerson() && mod.e.isPerson():
			join(np, mod)
		case !mod.known && mod.bare:
		case mod.e.english == "work" || mod.e.english == "construction work":
			np.lead(strings.TrimSuffix(mod.noun(), " work"))
		case mod.short() != "" && !mod.e.action:
			np.lead(mod.short())
		default:
			np.before = append(slices.Clone(mod.before), np.before...)
			np.after = append(slices.Clone(mod.after), np.after...)
			np.n = mod.n
			if mod.owner != "" {
				np.owner = mod.owner
			}
		}
		np.text = mod.text + np.text
	}
	p.gather(np)
	p.push(item{kind: itemPhrase, p: np})
}

// gather takes what describes np from the stack, the nearest first.
func (p *parser) gather(np *phrase) {
	for len(p.stack) > 0 {
		t := p.top()
		switch {
		case t.kind == itemAdjective:
			p.describe(np, p.pop())
		case t.kind == itemAfter:
			np.add(p.pop().text)
		case t.kind == itemClause && t.c.f.link == linkEnd:
			p.pop().c.describe(np)
		case t.kind == itemNumber:
			n := p.pop().n
			np.n, np.bare = n.n, false
		case t.kind == itemPhrase && t.particle == "の":
			belong(np, p.pop().p)
		default:
			return
		}
	}
}

func (p *parser) describe(np *phrase, a item) {
	switch {
	case a.of != nil:
		p.describe(a.of, item{text: a.text})
		if a.negative {
			np.add("without " + a.of.words())
		} else {
			np.add("with " + a.of.words())
		}
	case a.negative:
		np.add("that is not " + a.text)
	default:
		np.lead(a.text)
		if a.text == "few" {
			np.n = countMany
		}
		if a.text == "many" {
			np.n = countMany
			if np.e.isPerson() || !isMass(np.e.english) {
				return
			}
			np.before = np.before[1:]
			np.before = append([]string{"a lot of"}, np.before...)
		}
		if a.text == "several" {
			np.n, np.before = countSeveral, np.before[1:]
		}
	}
}

// describes reports whether a word of this class can follow what describes it.
func describable(class byte) bool {
	switch class {
	case classNoun, classNumber, classWrapper, classAdjective, classPhrase, classPlace:
		return true
	}
	return false
}

// verb closes a clause over its arguments.
func (p *parser) verb(w *word) {
	c := &clause{e: w.e, f: w.verb, being: w.class == classBeing}
	class, _ := p.peek(1)
	attributive := c.f.link == linkEnd && describable(class)
	for first := true; len(p.stack) > 0; first = false {
		t := p.top()
		switch {
		case t.kind == itemPhrase && t.particle == "の" && first:
			t.particle = "が"
			continue
		case t.kind == itemPhrase && t.particle == "" && first:
			// 車走る, 荷物運搬中: the particle was left out.
			t.particle = "を"
			if w.e.thing || c.being || t.p.e.isPerson() || c.e.state != "" && c.f.progressive {
				t.particle = "が"
			}
			continue
		case t.kind == itemPhrase && t.particle == "は" && attributive && !first:
		case t.kind == itemPhrase && t.particle == "と" && (c.e.worn || c.being): // かぶった人とかぶっていない人
		case t.kind == itemPhrase && t.particle == "の":
		case t.kind == itemPhrase && t.particle != "":
			c.args = append([]argument{{t.p, t.particle}}, c.args...)
			p.pop()
			continue
		case t.kind == itemAdverb, t.kind == itemAfter, t.kind == itemAdjective:
			// An adjective before a verb says how: 小さく見える. That is not seen.
			if it := p.pop(); it.kind != itemAdjective {
				c.adverb = append([]string{it.text}, c.adverb...)
			}
			continue
		case t.kind == itemNumber:
			n := p.pop().n
			if !p.count(n) {
				c.adverb = append(c.adverb, "")
				p.push(item{kind: itemPhrase, p: standIn(n), particle: "が"})
			}
			continue
		case t.kind == itemClause && t.c.f.link != linkEnd:
			c.first = append([]*clause{p.pop().c}, c.first...)
			continue
		}
		break
	}
	if c.e.english == "hang" && slices.ContainsFunc(c.args, func(a argument) bool { return a.particle == "を" && a.p.e.worn }) {
		c.e = &entry{class: classVerb, english: "wear", worn: true} // 眼鏡をかける
	}
	if c.e.english == "do" {
		p.resolveDo(c)
	}
	p.push(item{kind: itemClause, c: c})
	if c.f.link == linkEnd && !attributive {
		p.end()
	}
}

// resolveDo makes one verb of 掃除 を する.
func (p *parser) resolveDo(c *clause) {
	for i, a := range c.args {
		if a.particle == "を" && a.p.e.action {
			c.e = &entry{class: classVerb, english: a.p.e.english, doing: joinWords(append([]string{a.p.e.english}, a.p.after...)...)}
			c.args = slices.Delete(slices.Clone(c.args), i, i+1)
			return
		}
		if a.particle == "を" && sports[lastWord(a.p.e.english)] {
			c.e = &entry{class: classVerb, english: "play"}
			return
		}
	}
}

// end turns what a finished clause says into text.
func (p *parser) end() {
	c := p.pop().c
	if text := c.sentence(); text != "" {
		p.push(item{kind: itemText, text: text})
	}
}

func (p *parser) adjective(w *word) {
	class, text := p.peek(1)
	it := item{kind: itemAdjective, text: w.e.english, e: w.e, negative: w.verb.negative}
	// 屋根の赤い家, ドアが赤い車: what is so belongs to the next noun.
	t := p.top()
	before := t != nil && t.kind == itemPhrase && (t.particle == "が" || t.particle == "の" && (features[lastWord(t.p.e.english)] || w.e.english == "few" || w.e.english == "many"))
	// 赤と白の服: the next adjective joins this one.
	if class == classParticle && text == "と" {
		if next, _ := p.peek(2); next == classAdjective {
			p.words[p.i+2].e = &entry{class: classAdjective, english: w.e.english + " and " + p.words[p.i+2].e.english}
			p.i++
			return
		}
	}
	switch {
	case before && describable(class) && w.verb.link == linkEnd && t.particle == "の" && !adjectiveNoun(w) && w.e.alone == "":
		it.of = p.pop().p
		p.push(it)
	case before && describable(class) && t.particle == "が":
		it.of = p.pop().p
		p.push(it)
	case describable(class) || w.verb.link != linkEnd && class != 0:
		p.push(it)
	case class == classParticle && text != "で":
		// A colour by itself: 赤が.
		p.push(item{kind: itemPhrase, p: &phrase{e: &entry{class: classNoun, english: w.e.english, literal: true}, known: true, text: w.text, bare: true}})
	case t != nil && t.kind == itemPhrase && (t.particle == "は" || t.particle == "が" || t.particle == "" || t.particle == "も"):
		if w.e.alone != "" && t.p.e.isPerson() {
			np := p.pop().p
			np.n = countMany
			p.push(item{kind: itemText, text: "no " + np.words()})
			return
		}
		// 車は赤い
		t.particle = ""
		p.describe(t.p, it)
	case class == classVerb || class == classBeing:
		p.push(it)
	default:
		p.push(it)
	}
}

// adjectiveNoun reports whether the adjective is written like a noun: 木製 in
// 倉庫の木製の箱 says nothing about the 倉庫.
func adjectiveNoun(w *word) bool { return !strings.HasSuffix(w.text, "い") && !w.verb.past }

// place turns the phrase before it into a place: テーブルのそば.
func (p *parser) place(w *word) {
	t := p.top()
	if t == nil || t.kind != itemPhrase || t.particle != "の" && t.particle != "" && t.particle != "と" {
		// Alone: 前の車, 右の男性.
		class, text := p.peek(1)
		if alone := loneP[w.e.english]; alone != "" && (class == classParticle && (text == "の" || text == "に" || text == "で")) {
			p.push(item{kind: itemAfter, text: alone})
			p.i++
			return
		}
		return
	}
	t.p.where, t.particle = w.e.english, ""
	// AとBの間
	if n := len(p.stack); n > 1 && p.stack[n-2].kind == itemPhrase && p.stack[n-2].particle == "と" {
		other := p.pop().p
		where := other.where
		other.where = ""
		first := p.top()
		first.p.also = append(first.p.also, other)
		first.p.where, first.particle = where, ""
	}
}

var loneP = map[string]string{
	"in front of": "in front", "behind": "behind", "on the left of": "on the left", "on the right of": "on the right", "outside": "outside",
	"in the middle of": "in the middle", "at the back of": "in the back", "at the edge of": "in the corner", "next to": "at the side", "above": "above", "under": "below",
}

// standIn is what a number counts where nothing else is named: 二人.
func standIn(n count) *phrase {
	english := counters[n.counter]
	if english == "" {
		english = "object"
	}
	return &phrase{e: &entry{class: classNoun, english: english}, n: n.n, known: true}
}

// count gives a number to the last phrase on the stack: 車が三台.
func (p *parser) count(n count) bool {
	for i := len(p.stack) - 1; i >= 0; i-- {
		t := &p.stack[i]
		if t.kind != itemPhrase {
			return false
		}
		if t.particle == "が" || t.particle == "を" || t.particle == "" || t.particle == "は" || t.particle == "も" {
			if t.p.n != 0 {
				return false
			}
			t.p.n, t.p.bare = n.n, false
			return true
		}
	}
	return false
}

func (p *parser) number(w *word) {
	class, text := p.peek(1)
	t := p.top()
	if text != "も" && t != nil && t.kind == itemPhrase && t.particle == "" && p.count(w.count) {
		return
	}
	switch {
	case class == classParticle && text == "も": // 一台もない
		p.i++
	case class == classParticle && text == "の":
		p.i++
		p.push(item{kind: itemNumber, n: w.count})
	case describable(class):
		p.push(item{kind: itemNumber, n: w.count})
	case class == classVerb || class == classBeing || class == 0 || class == classComma || class == classStop || class == classSuffix:
		if p.count(w.count) {
			return
		}
		fallthrough
	default:
		np := standIn(w.count)
		p.gather(np)
		p.push(item{kind: itemPhrase, p: np})
	}
}

func (p *parser) particle(w *word) {
	t := p.top()
	switch {
	case t == nil:
	case t.kind == itemNumber:
		n := p.pop().n
		np := standIn(n)
		p.gather(np)
		p.push(item{kind: itemPhrase, p: np, particle: w.text})
	case t.kind == itemPhrase:
		if w.text != "の" || p.alike() {
			p.coordinate()
		}
		p.top().particle = w.text
	case t.kind == itemClause && w.text == "の" || t.kind == itemText && (w.text == "の" || w.text == "が" || w.text == "を" || w.text == "は"):
		// 走っているのは, a clause as a noun: it stays what it is.
	}
}

// coordinate joins AとB into one phrase once B is complete.
func (p *parser) coordinate() {
	n := len(p.stack)
	if n < 2 || p.stack[n-1].kind != itemPhrase || p.stack[n-2].kind != itemPhrase || p.stack[n-2].particle != "と" {
		return
	}
	second := p.pop().p
	first := p.top()
	first.p.also = append(first.p.also, second)
	first.p.bare = false
	first.particle = ""
	p.coordinate()
}

// alike reports whether the last two phrases are of one kind, so that AとBの is
// about both. スーツの男性とドレスの女性 is not.
func (p *parser) alike() bool {
	n := len(p.stack)
	if n < 2 || p.stack[n-2].kind != itemPhrase {
		return false
	}
	a, b := p.stack[n-2].p.e, p.stack[n-1].p.e
	return a.isPerson() == b.isPerson() && a.worn == b.worn
}

// suffix applies what follows a noun directly: 内, 姿, たち.
func (p *parser) suffix(w *word) {
	t := p.top()
	if t == nil || t.kind != itemPhrase || t.particle != "" && w.e.english != "without" && w.e.english != "other than" {
		if t != nil && t.kind == itemNumber {
			return
		}
		return
	}
	switch what := w.e.english; what {
	case "-", "after":
	case "many":
		if t.p.n == 0 {
			t.p.n = countMany
			t.p.bare = false
		}
	case "doing":
		if t.p.e.place() != "" {
			t.p.where = t.p.e.place()
		}
	case "in", "outside", "on", "in front of", "next to", "near", "along":
		t.p.where = what
	default:
		p.turnLast(what)
	}
}

// turnLast makes a phrase after a noun of the last phrase: ヘルメット なし.
func (p *parser) turnLast(what string) {
	t := p.top()
	if t == nil || t.kind != itemPhrase {
		return
	}
	p.coordinate()
	np := p.pop().p
	np.where = ""
	text := what + " "
	switch {
	case what == "without" || what == "other than":
		text += np.none()
	case what == "made of":
		text += np.noun()
	default:
		text += np.words()
	}
	// The particle after it ties it to what follows.
	if class, particle := p.peek(1); class == classParticle && (particle == "の" || particle == "で" || particle == "に" || particle == "を" || particle == "が" || particle == "は" || particle == "な") {
		p.i++
		if particle != "の" && particle != "で" && particle != "な" && what != "without" {
			np := &phrase{e: &entry{class: classNoun, english: "something"}, known: true, after: []string{text}}
			p.push(item{kind: itemPhrase, p: np, particle: particle})
			return
		}
	}
	p.push(item{kind: itemAfter, text: text})
}

// wrapper drops a word for the picture and makes a sentence of what describes it.
func (p *parser) wrapper() {
	t := p.top()
	switch {
	case t == nil:
	case t.kind == itemClause && t.c.f.link == linkEnd:
		if strings.HasPrefix(t.c.e.english, "take a photo") && !t.c.has("を") && !t.c.has("が") {
			p.pop() // ドローンで撮影した映像
			return
		}
		p.end()
	case t.kind == itemPhrase && (t.particle == "の" || t.particle == "と"):
		t.particle = ""
	}
}

// notBeing negates what stands before: 赤ではない.
func (p *parser) notBeing() {
	t := p.top()
	if t == nil {
		return
	}
	class, _ := p.peek(1)
	switch t.kind {
	case itemAdjective:
		t.negative = true
	case itemPhrase:
		np := p.pop().p
		if describable(class) {
			p.push(item{kind: itemAdjective, text: np.words(), negative: true})
			return
		}
		// 車は赤ではない
		if s := p.top(); s != nil && s.kind == itemPhrase {
			s.p.add("that is not " + np.words())
			s.particle = ""
			return
		}
		p.push(item{kind: itemText, text: "not " + np.words()})
	}
}

// comma: a phrase without a particle before it is one of several.
func (p *parser) comma() {
	t := p.top()
	if t != nil && t.kind == itemPhrase && t.particle == "" {
		if class, _ := p.peek(1); class == classNoun || class == classAdjective || class == classNumber {
			t.particle = "、"
		}
	}
}

// finish puts together what is left on the stack.
func (p *parser) finish() string {
	p.coordinate()
	var out, ahead []string
	flush := func() {
		out = append(out, ahead...)
		ahead = nil
	}
	for i := 0; i < len(p.stack); i++ {
		it := &p.stack[i]
		switch it.kind {
		case itemPhrase:
			last := i == len(p.stack)-1
			there := it.p.there()
			switch {
			case !it.p.known && it.p.bare:
			case !last && (it.particle == "に" || it.particle == "で" || it.particle == "の" || it.particle == "は") && there != "":
				ahead = append(ahead, there) // 駐車場に車: a car in a parking lot
			case it.p.where != "" && last && len(out) > 0:
				out = append(out, it.p.words())
			default:
				out = append(out, it.p.words())
				flush()
			}
		case itemClause:
			out = append(out, it.c.sentence())
			flush()
		case itemText:
			out = append(out, it.text)
			flush()
		case itemAdjective:
			text := it.text
			if it.e != nil && it.e.alone != "" {
				text = it.e.alone
				if len(ahead) > 0 {
					// 倉庫には誰もいない
					text = "an empty " + strings.TrimPrefix(strings.TrimPrefix(dropPreposition(ahead[len(ahead)-1]), "a "), "an ")
					ahead = ahead[:len(ahead)-1]
				}
			} else if it.negative {
				text = "not " + text
			}
			out = append(out, text)
			flush()
		case itemAfter, itemAdverb:
			if len(out) == 0 && strings.HasPrefix(it.text, "without ") {
				out = append(out, "a person")
			}
			out = append(out, it.text)
		case itemNumber:
			out = append(out, standIn(it.n).words())
		}
	}
	flush()
	return once(joinWords(out...))
}

// once takes out a word that follows itself: the verb and the place both say
// "in", the tree is in both words.
func once(text string) string {
	words := strings.Fields(text)
	out := words[:0:0]
	for i, w := range words {
		if i == 0 || w != words[i-1] {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

func dropPreposition(s string) string {
	_, rest, _ := strings.Cut(s, " ")
	return rest
}
