package japanese

// Classes of words; lexicon.txt explains them.
const (
	classNoun      = 'n'
	classVerb      = 'v'
	classAdjective = 'a'
	classPhrase    = 'p'
	classAdverb    = 'd'
	classPlace     = 'l'
	classWrapper   = 'w'
	classTime      = 't'
	classBeing     = 'e'
	classAsking    = 'q'
	classSilent    = 's'

	// The rest comes from the analysis, not from a table.
	classParticle = 'P'
	classNumber   = '#'
	classSuffix   = 'S'
	classComma    = ','
	classStop     = '.'
	classWithout  = '-' // なし
	classExcept   = 'x' // 以外
	classNotBeing = '!' // ではない after a noun or an adjective
)

// entry is what a word means.
type entry struct {
	class   byte
	english string

	person    bool              // a living being: it acts, and several are people
	worn      bool              // clothes; for a verb: having clothes on
	thing     bool              // verb: things do it, so nobody is added where no subject is named
	literal   bool              // noun: a name, a quotation or Latin letters, kept as it is
	action    bool              // noun: what somebody does, in English an -ing form
	verb      string            // noun: the verb of an action
	prep      string            // noun: how to be there: in, on, at
	attr      string            // noun: its form before another noun, if not the word itself
	of        string            // noun: a group; what it is of where that is not said
	group     string            // noun: what it is with things of which there are many: a pile of boxes
	state     string            // verb: adjective for its result
	as        string            // verb: phrase for its result
	stance    string            // verb: the same for people
	ofThing   string            // verb: what it is when a thing does it: smoke comes out
	ofVehicle string            // verb: the same for a vehicle
	doing     string            // verb: its -ing form, where that is not regular
	alone     string            // adjective: what it is without a noun
	cases     map[string]string // verb: preposition for a particle; "" for an object
}

func (e *entry) isPerson() bool {
	return e != nil && (e.person || e.class == classNoun && !e.literal && persons[lastWord(e.english)])
}

// place is the preposition for being at the thing, or "".
func (e *entry) place() string {
	if e == nil || e.class != classNoun || e.literal || e.worn {
		return ""
	}
	if e.prep != "" {
		return e.prep
	}
	return places[lastWord(e.english)]
}
