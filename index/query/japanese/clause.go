package japanese

import "strings"

// argument is a phrase with the particle that ties it to a verb.
type argument struct {
	p        *phrase
	particle string
}

// clause is a verb with what belongs to it.
type clause struct {
	e      *entry
	f      inflection
	being  bool // ある, いる: something is there
	args   []argument
	adverb []string
	first  []*clause // clauses that go on into this one
}

func (c *clause) take(particles ...string) *phrase {
	for _, particle := range particles {
		for i, a := range c.args {
			if a.particle == particle {
				c.args = append(c.args[:i:i], c.args[i+1:]...)
				return a.p
			}
		}
	}
	return nil
}

// subject takes who acts, of this clause or of one before it.
func (c *clause) subject() *phrase {
	if s := c.take("が"); s != nil {
		return s
	}
	for i, a := range c.args {
		if a.particle != "は" && a.particle != "も" {
			continue
		}
		// 荷物は男性が運ぶ was taken above: here a thing with a verb that people do is its object.
		if !a.p.e.isPerson() && c.objectVerb() && (a.p.e.worn || c.e.worn) {
			c.args[i].particle = "を"
			continue
		}
		c.args = append(c.args[:i:i], c.args[i+1:]...)
		return a.p
	}
	for _, before := range c.first {
		if s := before.subject(); s != nil {
			return s
		}
	}
	return nil
}

// actor picks the sense of the verb for who or what acts.
func (c *clause) actor(p *phrase) {
	switch {
	case p.e.isPerson() || p.e.literal:
	case vehicles[lastWord(p.e.english)] && c.e.ofVehicle != "":
		c.e = c.e.with(c.e.ofVehicle)
	case !vehicles[lastWord(p.e.english)] && c.e.ofThing != "":
		c.e = c.e.with(c.e.ofThing)
	}
	for _, before := range c.first {
		before.actor(p)
	}
}

// with is the entry with other words.
func (e *entry) with(english string) *entry {
	other := *e
	other.english, other.thing, other.cases = english, true, nil
	if doing, ok := strings.CutPrefix(english, "="); ok {
		other.english, other.doing = doing, doing
	}
	return &other
}

func (c *clause) objectVerb() bool { return !c.being && !c.e.thing }

// stative returns the adjective that a result is: closed, open.
func (c *clause) stative() string {
	if c.e.state != "" && !c.f.negative && len(c.args) == 0 && len(c.first) == 0 && (c.f.progressive || c.f.past || c.f.result || c.f.passive) {
		return c.e.state
	}
	return ""
}

// core is the verb with what belongs to it, without a subject: "wearing a
// helmet". person says that a person does it.
func (c *clause) core(person bool) string {
	object := c.take("を")
	for also := c.take("を"); also != nil; also = c.take("を") {
		object.also = append(object.also, also)
	}
	var rest []string
	if object != nil {
		if prep, ok := c.e.cases["を"]; ok && prep != "" && object.where == "" && !object.e.isPerson() {
			rest = append(rest, prep+" "+object.words())
			object = nil
		}
	}
	for _, a := range c.args {
		text := c.tie(a, &object)
		if text != "" {
			rest = append(rest, text)
		}
	}
	done := c.f.progressive || c.f.past || c.f.result || c.f.passive
	var verb string
	switch {
	case c.f.negative && object != nil && (c.e.worn || c.e.english == "hold" || c.e.english == "use" || c.e.english == "do"):
		return joinWords(append([]string{"without " + object.none()}, rest...)...)
	case person && c.e.stance != "" && done:
		verb = c.e.stance
	case c.e.as != "" && done && object == nil:
		verb = c.e.as
	case c.e.state != "" && done && object == nil && !person:
		verb = c.e.state
	case (c.f.passive || c.f.result) && object == nil && !c.e.thing:
		verb = participle(c.e.english)
	case c.e.doing != "":
		verb = c.e.doing
	case c.e.thing && strings.HasPrefix(c.e.english, "be "):
		verb = strings.TrimPrefix(c.e.english, "be ")
	default:
		verb = gerund(strings.TrimPrefix(c.e.english, "be "))
		if strings.HasPrefix(c.e.english, "be ") {
			verb = strings.TrimPrefix(c.e.english, "be ")
		}
	}
	if object != nil {
		if object.where != "" {
			verb = strings.TrimSuffix(verb, " at")
		}
		verb += " " + object.words()
	} else {
		verb = dangling.Replace(verb + "\n")
	}
	if c.f.negative {
		verb = "not " + verb
	}
	return joinWords(append(append([]string{verb}, rest...), c.adverb...)...)
}

// dangling removes a preposition that lost its object.
var dangling = strings.NewReplacer(" at\n", "", " of\n", "", " for\n", "", "\n", "")

// tie gives an argument its preposition. An argument that the verb takes as its
// object goes there.
func (c *clause) tie(a argument, object **phrase) string {
	p := a.p
	prep, special := c.e.cases[a.particle]
	switch a.particle {
	case "は", "も", "が":
		if *object == nil && c.objectVerb() {
			*object = p
			return ""
		}
		return p.words()
	}
	if special && prep == "" && p.where == "" {
		if *object == nil {
			*object = p
			return ""
		}
		return "to " + p.words()
	}
	if p.where != "" {
		return p.words()
	}
	if special {
		if a.particle == "で" && prep == "with" && p.e.isPlaceOnly() {
			return p.there()
		}
		if place := p.e.place(); place == "at" && prep == "on" && a.particle == "に" {
			prep = place
		}
		return prep + " " + p.words()
	}
	switch a.particle {
	case "に", "で":
		if c.f.passive && p.e.isPerson() {
			return "by " + p.words()
		}
		if there := p.there(); there != "" && !(a.particle == "で" && vehicles[lastWord(p.e.english)]) {
			return there
		}
		if a.particle == "に" {
			if p.e.isPerson() {
				return "to " + p.words()
			}
			return "on " + p.words()
		}
		if vehicles[lastWord(p.e.english)] {
			return "with " + p.words()
		}
		return "with " + p.words()
	case "へ", "まで":
		return "to " + p.words()
	case "から":
		return "from " + p.words()
	case "と":
		return "with " + p.words()
	}
	return p.words()
}

// action is the clause with the clauses before it.
func (c *clause) action(person bool) string {
	out := c.core(person)
	for i := len(c.first) - 1; i >= 0; i-- {
		before := c.first[i]
		text := before.action(person)
		switch {
		case before.f.link == linkWhile:
			out += " while " + text
		case before.f.link == linkWithout || before.f.negative:
			text = strings.TrimPrefix(text, "not ")
			if !strings.HasPrefix(text, "without ") {
				text = "without " + text
			}
			out += " " + text
		default:
			out = text + " and " + out
		}
	}
	return out
}

// describe adds the clause to the noun that it stands before.
func (c *clause) describe(head *phrase) {
	if c.being {
		c.describeBeing(head)
		return
	}
	if s := c.stative(); s != "" && !(head.e.isPerson() && c.e.stance != "") {
		head.lead(s)
		return
	}
	if c.f.link == linkEnd && c.e.english == "line up" && head.n == 0 && !isMass(head.e.english) {
		head.n = countMany
		for _, other := range head.also {
			other.n = countMany
		}
	}
	subject := c.subject()
	if !c.f.passive {
		if subject != nil {
			c.actor(subject)
		} else {
			c.actor(head)
		}
	}
	if subject == nil && strings.HasPrefix(c.e.english, "take a photo") && !head.e.isPerson() {
		return // how the picture was taken
	}
	if subject == nil {
		if place := head.e.english; (place == "area" || place == "place") && c.objectVerb() && !c.f.passive {
			head.add("where a person is " + c.action(true))
			return
		}
		if c.e.cases == nil && !c.f.passive && !head.e.isPerson() && c.transitiveResult() {
			c.f.passive = true
		}
		head.add(c.action(head.e.isPerson()))
		return
	}
	// 女性が持っている傘: the noun is what the verb is done to.
	if subject.e.isPerson() && c.objectVerb() && !c.has("を") && !head.e.isPlaceOnly() && !head.e.isPerson() && transitive[c.e.english] {
		head.add("that " + subject.words() + " is " + c.action(true))
		return
	}
	if c.f.negative && c.e.state != "" && c.f.progressive {
		subject.lead(c.e.state)
		head.add("without " + subject.words())
		return
	}
	if c.f.negative {
		c.f.negative = false
		head.add("without " + subject.words() + " " + c.action(subject.e.isPerson()))
		return
	}
	if state := c.stative(); state != "" {
		subject.lead(state)
		head.add("with " + subject.words())
		return
	}
	head.add("with " + subject.words() + " " + c.action(subject.e.isPerson()))
}

// transitive verbs take what a clause describes as their object.
var transitive = set("hold carry wear use push pull lift take throw read eat drink write make weld paint repair cut inspect clean wash drive ride operate build touch look open close buy sell place load unload stack pack wipe polish assemble measure grind dig mix pour spray")

// transitiveResult reports whether what is described was done to it: 積んだ箱.
func (c *clause) transitiveResult() bool {
	return transitive[c.e.english] && (c.f.past && !c.f.progressive || c.f.result) && !c.has("を")
}

func (c *clause) has(particle string) bool {
	for _, a := range c.args {
		if a.particle == particle {
			return true
		}
	}
	return false
}

// describeBeing says what a place or a thing has: 窓のない部屋, 棚にある箱.
func (c *clause) describeBeing(head *phrase) {
	subject := c.subject()
	if subject == nil && c.has("を") {
		subject = c.take("を")
	}
	var places []string
	for _, a := range c.args {
		if there := a.p.there(); there != "" {
			places = append(places, there)
		} else {
			places = append(places, "on "+a.p.words())
		}
	}
	switch {
	case subject == nil && c.f.negative && len(places) > 0:
		head.add("not " + strings.Join(places, " "))
	case subject == nil:
		head.add(places...)
	case c.f.negative && subject.e.isPerson() && !subject.e.isAnimal() && subject.bare && !head.e.isPerson():
		head.lead("empty")
	case c.f.negative:
		head.add(joinWords(append([]string{"without " + subject.none()}, places...)...))
	default:
		head.add(joinWords(append([]string{"with " + subject.words()}, places...)...))
	}
}

// none is the phrase after "without" and "no": people, a helmet.
func (p *phrase) none() string {
	if p.bare && p.e.isPerson() {
		return plural(p.e.english)
	}
	return p.list("or")
}

// sentence is the clause by itself, as a caption.
func (c *clause) sentence() string {
	if c.being {
		return c.sentenceBeing()
	}
	subject := c.subject()
	if subject == nil {
		text := ""
		if s := c.stative(); s != "" {
			text = s
		} else {
			text = c.action(!c.e.thing)
		}
		switch {
		case c.e.thing:
			return "something " + text
		default:
			return "a person " + text
		}
	}
	c.describe(subject)
	return subject.words()
}

func (c *clause) sentenceBeing() string {
	for i, a := range c.args {
		// 駐車場は誰もいない: a place is what it is about.
		if a.particle == "は" && a.p.e.isPlaceOnly() && c.has("が") {
			c.args[i].particle = "に"
		}
	}
	subject := c.subject()
	var places []*phrase
	for _, a := range c.args {
		places = append(places, a.p)
	}
	switch {
	case subject == nil && len(places) == 0:
		return ""
	case subject == nil:
		return places[0].words()
	case !c.f.negative:
		for _, p := range places {
			if there := p.there(); there != "" {
				subject.add(there)
			} else {
				subject.add("with " + p.words())
			}
		}
		return subject.words()
	case len(places) == 0:
		if subject.bare && !isMass(subject.e.english) && !subject.e.literal {
			return "no " + plural(subject.e.english)
		}
		return "no " + strings.TrimPrefix(strings.TrimPrefix(subject.words(), "an "), "a ")
	}
	head := places[0]
	if subject.e.isPerson() && subject.bare && head.where == "" && !head.e.isPerson() {
		head.lead("empty")
		return head.words()
	}
	return head.words() + " without " + subject.none()
}

func joinWords(parts ...string) string {
	out := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " ")
}
