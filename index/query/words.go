package query

import (
	"strings"
	"unicode"
)

// Word lists of the negation parser. They are small on purpose: a word that is
// missing leaves the question whole, it never loses a part of it.
var (
	articles     = set("a an the any some")
	possessives  = set("his her its their my our your")
	adverbs      = set("any either even really yet also ever currently actually properly")
	auxiliaries  = set("is are was were be being been does do did has have had can could will would should")
	relatives    = set("who that which there")
	conjunctions = set("and but or nor yet although though")
	filler       = set("is are was were be there who that which and but or with has have does do it this these those of")

	prepositions = set("in on at near beside besides by behind under underneath next inside outside along during " +
		"through into across from to over below above around between against toward towards within beyond opposite among beneath onto upon with")
	clauseStarts = set("while when where who whom that which because as but then although though if whose")

	// worn lists what a person has or lacks: for "no helmet" people are looked
	// for, for "no cars" an empty scene.
	worn = set("helmet helmets hat hats hard-hat hard-hats hardhat hardhats cap caps vest vests jacket jackets glove gloves mask masks " +
		"goggles glasses shoes boots harness harnesses uniform uniforms ppe earmuffs overall overalls apron aprons visor visors hood " +
		"wearing coat coats respirator respirators mask faceshield shirt")

	// affirmations say what joins a thing to a sentence once its negation is gone, by
	// the first word of the negation. After any other the thing follows directly.
	affirmations = map[string]string{
		"without": "with", "w/o": "with", "with": "with", "lacking": "with", "missing": "with",
		"has": "with", "have": "with", "having": "with", "wearing": "wearing",
		"empty": "full of", "free": "full of", "clear": "full of", "devoid": "full of",
		"except": "and", "excluding": "and", "apart": "and", "other": "and", "rather": "and", "instead": "and",
	}

	// wearVerbs after "nobody" speak of people who are there: nobody wearing a helmet.
	wearVerbs = set("wearing using holding carrying wears uses holds carries has")

	// gerundNouns end in -ing but name things, so they do not start a new clause.
	gerundNouns = set("building buildings ceiling clothing lighting railing railings scaffolding opening openings parking crossing crossings fencing " +
		"packaging wiring piping flooring covering markings marking warning string ring king thing anything everything wing spring bearing bearings " +
		"awning sling coating ducting guttering fitting fittings housing casing bedding cladding roofing handling cleaning welding loading swing building")

	// signWords end names of signs, in which "no" negates nothing: no parking sign.
	signWords = set("sign signs symbol symbols poster posters notice notices sticker stickers label labels board")
)

// shows reports whether a word names something that a picture can show.
func shows(word string) bool {
	low := strings.ToLower(word)
	for _, r := range low {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return !articles[low] && !possessives[low] && !auxiliaries[low] && !conjunctions[low] && !relatives[low] &&
				!filler[low] && !prepositions[low] && !clauseStarts[low]
		}
	}
	return false
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		out[word] = true
	}
	return out
}
