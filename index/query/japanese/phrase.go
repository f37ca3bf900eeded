package japanese

import (
	"slices"
	"strconv"
	"strings"
)

// phrase is a noun with what belongs to it, in English order.
type phrase struct {
	before []string // adjectives and nouns before the noun
	e      *entry
	after  []string // phrases after it: "wearing a helmet"
	n      int      // how many; 0: one or not said
	owner  string   // whose it is
	where  string   // preposition of a place relative to the noun
	also   []*phrase
	joint  []string // phrases after all of several: a man and a woman walking
	known  bool
	text   string // as it was written
	bare   bool   // nothing was added to the word: マスク in マスクをする
}

func newPhrase(w *word) *phrase {
	return &phrase{e: w.e, known: w.known, text: w.text, bare: true}
}

func (p *phrase) lead(words ...string) {
	p.bare = false
	p.before = append(slices.DeleteFunc(words, func(s string) bool { return s == "" }), p.before...)
}

func (p *phrase) add(phrases ...string) {
	p.bare = false
	for _, s := range phrases {
		switch {
		case s == "":
		case len(p.also) > 0:
			p.joint = append(p.joint, s)
		default:
			p.after = append(p.after, s)
		}
	}
}

// noun is the word with what stands before it, in the number that was asked for.
func (p *phrase) noun() string {
	english := p.e.english
	if p.many() && !p.e.action && !p.e.literal {
		english = plural(english)
	}
	return strings.Join(append(p.ahead(), english), " ")
}

// ahead is what stands before the noun, quantities first.
func (p *phrase) ahead() []string {
	var out, rest []string
	for _, w := range p.before {
		if quantities[w] {
			out = append(out, w)
		} else {
			rest = append(rest, w)
		}
	}
	return append(out, rest...)
}

func (p *phrase) many() bool { return p.n > 1 || p.n < 0 }

// core is the noun with its article or number.
func (p *phrase) core() string {
	noun := p.noun()
	switch {
	case p.e.literal || p.e.action:
		return noun
	case p.owner != "" && !p.many():
		return p.owner + " " + noun
	case p.n == countSeveral:
		return "several " + noun
	case p.n > 1 && p.n < len(numbers):
		return numbers[p.n] + " " + noun
	case p.n > 1:
		return strconv.Itoa(p.n) + " " + noun
	case p.many() || isMass(p.e.english) || quantified(p.before):
		return noun
	}
	return article(noun) + " " + noun
}

// quantities are words before the noun that take the place of an article.
var quantities = map[string]bool{"many": true, "few": true, "several": true, "all": true, "both": true, "another": true, "a lot of": true}

func quantified(before []string) bool {
	return slices.ContainsFunc(before, func(w string) bool { return quantities[w] })
}

// words is the whole phrase.
func (p *phrase) words() string { return p.list("and") }

// list is the whole phrase, its parts joined by a conjunction.
func (p *phrase) list(conjunction string) string {
	out := joinWords(append([]string{p.where, p.core()}, p.after...)...)
	for _, other := range p.also {
		out += " " + conjunction + " " + other.words()
	}
	return joinWords(append([]string{out}, p.joint...)...)
}

// there is the phrase as a place: "in a warehouse", or "".
func (p *phrase) there() string {
	if p.where != "" {
		return p.words()
	}
	if prep := p.e.place(); prep != "" {
		return prep + " " + p.words()
	}
	return ""
}

// short is the phrase as the first part of a compound, or "" if it is too long
// for one.
func (p *phrase) short() string {
	if p.where != "" || len(p.after) > 0 || len(p.also) > 0 || p.owner != "" || p.n != 0 {
		return ""
	}
	if p.e.attr != "" {
		return strings.Join(append(slices.Clone(p.before), p.e.attr), " ")
	}
	return p.noun()
}

var (
	vehicles   = set("car truck van bus train taxi forklift bicycle motorcycle bike boat ship airplane helicopter excavator crane bulldozer trailer ambulance vehicle cart scooter tractor engine jeep")
	containers = set("box bag can bucket basket container pallet bottle cup crate drum bowl plate tire")
	sports     = set("soccer baseball basketball tennis golf volleyball football rugby badminton hockey cricket game games cards chess catch")
	enclosing  = set("room house building home hallway store shop factory plant warehouse kitchen office restaurant workshop hall car truck bus train van tunnel corridor aisle bathroom bedroom bag box bottle")
	features   = set("floor wall ceiling roof window door hair wheel leg lid handle light carpet curtain beard tail eye face label logo pattern stripe letters ear horn tire")
)

// belong joins modifier の head.
func belong(head, mod *phrase) {
	headWord, modWord := lastWord(head.e.english), lastWord(mod.e.english)
	switch {
	case !mod.known && len(mod.before) == 0 && len(mod.after) == 0:
		// An unknown word says nothing about what it belongs to.
	case mod.where != "":
		head.add(mod.words())
	case head.e.of != "" && !mod.e.isPlaceOnly():
		mod.n = countMany
		head.add("of " + mod.words())
	case head.e.group != "" && !mod.e.isPlaceOnly() && mod.where == "" || head.e.group != "" && head.e.group == "pile" && containers[modWord]:
		mod.n = countMany
		head.e = &entry{class: classNoun, english: head.e.group}
		head.add("of " + mod.words())
	case head.e.isPerson() && mod.e.worn:
		head.add("wearing " + mod.words())
	case head.e.action && (mod.e.isPerson() || vehicles[modWord]) && !transitive[head.e.verb]:
		// 車両の通行: who does it.
		doing := head.core()
		after := append([]string{doing}, head.after...)
		*head = *mod
		head.add(after...)
	case head.e.action:
		if prep := mod.e.place(); prep != "" && mod.e.isPlaceOnly() && head.e.english != "cleaning" && head.e.english != "entering" && head.e.english != "leaving" {
			head.add(prep + " " + mod.words())
		} else {
			head.add(mod.words())
		}
	case head.e.isPerson() && mod.e.isPerson():
		join(head, mod)
	case mod.e.isPerson() && !mod.e.isAnimal() && len(mod.after) == 0 && mod.n == 0:
		head.owner = mod.core() + "'s"
		head.bare = false
	case features[modWord] && (enclosing[headWord] || len(mod.before) > 0 && !features[headWord]):
		head.add("with " + mod.words())
	case vehicles[modWord] || features[headWord] && !mod.e.isPlaceOnly():
		compound(head, mod)
	case mod.there() != "":
		head.add(mod.there())
	case head.e.isPerson() && len(mod.before) > 0:
		head.add("with " + mod.words())
	default:
		compound(head, mod)
	}
}

// isPlaceOnly reports whether the thing is a place and nothing that has parts.
func (e *entry) isPlaceOnly() bool {
	return e.place() != "" && !vehicles[lastWord(e.english)]
}

func (e *entry) isAnimal() bool {
	switch e.english {
	case "dog", "cat", "bird", "animal", "horse", "puppy":
		return true
	}
	return false
}

// join makes one person of two words for it: 女性の作業員, 作業員の男性.
func join(head, mod *phrase) {
	switch {
	case len(mod.after) > 0:
		head.add(mod.after...)
	case mod.e.attr != "":
		head.lead(append(slices.Clone(mod.before), mod.e.attr)...)
	case head.e.attr != "":
		before := append(slices.Clone(mod.before), head.before...)
		head.before, head.e = append(before, head.e.attr), mod.e
	default:
		compound(head, mod)
	}
	if head.n == 0 {
		head.n = mod.n
	}
}

// compound puts modifier before the noun where it is short, and after "of" else.
func compound(head, mod *phrase) {
	if short := mod.short(); short != "" {
		head.lead(short)
		return
	}
	head.add("of " + mod.words())
}
