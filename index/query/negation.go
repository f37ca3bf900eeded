package query

import "strings"

// cueKind says how the words after a negation are read.
type cueKind int

const (
	cueThing  cueKind = iota // without a helmet, no cars: a thing follows
	cueVerb                  // not wearing a helmet: an action or a thing follows
	cueNobody                // nobody: the negated thing is the word itself
)

// cues are the negations, longest first where one begins another.
var cues = []struct {
	words []string
	kind  cueKind
}{
	{[]string{"there", "is", "no"}, cueThing},
	{[]string{"there", "are", "no"}, cueThing},
	{[]string{"apart", "from"}, cueThing},
	{[]string{"except", "for"}, cueThing},
	{[]string{"other", "than"}, cueThing},
	{[]string{"rather", "than"}, cueThing},
	{[]string{"instead", "of"}, cueThing},
	{[]string{"empty", "of"}, cueThing},
	{[]string{"free", "of"}, cueThing},
	{[]string{"clear", "of"}, cueThing},
	{[]string{"devoid", "of"}, cueThing},
	{[]string{"with", "no"}, cueThing},
	{[]string{"has", "no"}, cueThing},
	{[]string{"have", "no"}, cueThing},
	{[]string{"having", "no"}, cueThing},
	{[]string{"wearing", "no"}, cueThing},
	{[]string{"no", "one"}, cueNobody},
	{[]string{"without"}, cueThing},
	{[]string{"w/o"}, cueThing},
	{[]string{"lacking"}, cueThing},
	{[]string{"excluding"}, cueThing},
	{[]string{"except"}, cueThing},
	{[]string{"neither"}, cueThing},
	{[]string{"no"}, cueThing},
	{[]string{"nobody"}, cueNobody},
	{[]string{"noone"}, cueNobody},
	{[]string{"no-one"}, cueNobody},
	{[]string{"nothing"}, cueNobody},
	{[]string{"not"}, cueVerb},
	{[]string{"never"}, cueVerb},
	{[]string{"cannot"}, cueVerb},
}

// maxNegated bounds how many words one negation takes with it.
const maxNegated = 8

// splitNegation divides the words of a question into what should be seen and the
// things that should not. Words of neither kind ("but", "is", the negation
// itself) are dropped around a negation and kept elsewhere. A negation with
// nothing after it is an ordinary word.
//
// affirmed is the question turned round: "a worker with a helmet" where it says
// without.
func splitNegation(tokens []token) (positive []token, without [][]token, affirmed []token) {
	for i := 0; i < len(tokens); {
		n, kind := matchCue(tokens, i)
		if n == 0 {
			positive = append(positive, tokens[i])
			affirmed = append(affirmed, tokens[i])
			i++
			continue
		}
		before := len(positive)
		var scopes [][]token
		end := i + n
		if kind == cueNobody {
			scopes, end = nobodyScope(tokens, i, end, &positive)
		} else if !tokens[end-1].ends {
			scopes, end = thingScope(tokens, end, kind, tokens[i].low)
		}
		if len(scopes) == 0 {
			positive = append(positive, tokens[i:i+n]...)
			affirmed = append(affirmed, tokens[i:i+n]...)
			i += n
			continue
		}
		if len(positive) > before { // nobody wearing a helmet: people
			affirmed = append(affirmed, positive[before:]...)
		}
		affirmed = affirm(affirmed, tokens[i:i+n], scopes)
		positive = trimTail(positive)
		without = append(without, scopes...)
		i = end
		if len(positive) == 0 {
			// "no cars but a truck": the conjunction joined what is gone now.
			for i < len(tokens) && conjunctions[tokens[i].low] && tokens[i].phrase == 0 {
				i++
			}
		}
	}
	if len(without) > 0 {
		positive = trimTail(positive)
	}
	return positive, without, affirmed
}

// affirm adds what was negated to a sentence, joined as the negation's words ask.
func affirm(sentence, cue []token, scopes [][]token) []token {
	if link, ok := affirmations[cue[0].low]; ok && len(sentence) > 0 {
		sentence = append(sentence, word(link))
	}
	for i, scope := range scopes {
		if i > 0 {
			sentence = append(sentence, word("and"))
		}
		sentence = append(sentence, scope...)
	}
	return sentence
}

// matchCue returns the number of words of the negation at i, or 0.
func matchCue(tokens []token, i int) (int, cueKind) {
	if tokens[i].phrase != 0 {
		return 0, 0
	}
	if strings.HasSuffix(tokens[i].low, "n't") && len(tokens[i].low) > 3 {
		return 1, cueVerb
	}
	for _, cue := range cues {
		if !hasWords(tokens[i:], cue.words) {
			continue
		}
		n := len(cue.words)
		if !negates(tokens, i, n) {
			return 0, 0
		}
		return n, cue.kind
	}
	// "a worker missing a helmet", but not "a missing helmet".
	if tokens[i].low == "missing" && i > 0 && i+1 < len(tokens) && (articles[tokens[i+1].low] || possessives[tokens[i+1].low]) {
		return 1, cueThing
	}
	return 0, 0
}

func hasWords(tokens []token, words []string) bool {
	if len(tokens) < len(words) {
		return false
	}
	for k, word := range words {
		if tokens[k].low != word || tokens[k].phrase != 0 || (k+1 < len(words) && tokens[k].ends) {
			return false
		}
	}
	return true
}

// negates sorts out the uses of "no" and "not" that negate nothing.
func negates(tokens []token, i, n int) bool {
	last, next := tokens[i+n-1].low, ""
	if i+n < len(tokens) && !tokens[i+n-1].ends {
		next = tokens[i+n].low
	}
	switch last {
	case "no":
		if next == "" || (next[0] >= '0' && next[0] <= '9') { // bus no 5
			return false
		}
		for k := i + n; k < len(tokens) && k < i+n+3; k++ { // no parking sign
			if signWords[tokens[k].low] {
				return false
			}
			if tokens[k].ends {
				break
			}
		}
	case "not":
		if next == "only" || next == "just" || (i > 0 && (tokens[i-1].low == "or" || tokens[i-1].low == "why")) {
			return false
		}
	case "one":
		return next != "way" // no one way street: a street all the same
	}
	return true
}

// thingScope reads what a negation at [.., start) takes with it: one thing, or
// several joined by "or" and "nor".
func thingScope(tokens []token, start int, kind cueKind, cue string) ([][]token, int) {
	var scopes [][]token
	var current []token
	closeScope := func() {
		if c := trimScope(current); len(c) > 0 {
			scopes = append(scopes, c)
		}
		current = nil
	}
	i := start
	for taken := 0; i < len(tokens) && taken < maxNegated; taken++ {
		t := tokens[i]
		if t.phrase == 0 {
			if len(current) > 0 && boundary(t, kind, cue) {
				break
			}
			if t.low == "or" || t.low == "nor" || t.low == "and" {
				if i+1 == len(tokens) || !continues(tokens[i+1], t.low) {
					break
				}
				if n, _ := matchCue(tokens, i+1); n > 0 {
					break
				}
				closeScope()
				i++
				continue
			}
			if n, _ := matchCue(tokens, i); n > 0 {
				break
			}
		}
		current = append(current, t)
		i++
		if t.ends {
			break
		}
	}
	closeScope()
	if len(scopes) == 0 {
		return nil, start
	}
	return scopes, skipPredicate(tokens, i)
}

// boundary reports whether t begins something that the negation does not reach.
func boundary(t token, kind cueKind, cue string) bool {
	if prepositions[t.low] || clauseStarts[t.low] || auxiliaries[t.low] {
		return true
	}
	// "without a helmet driving a forklift": driving is what the worker does.
	// "no people walking": walking is what is not there.
	return kind == cueThing && cue != "no" && isGerund(t.low)
}

// continues reports whether the word after "or", "nor" or "and" is one more
// negated thing. "and" joins bare words only (helmet and vest): with an article
// something new begins (without a helmet and a red truck).
func continues(next token, conjunction string) bool {
	if prepositions[next.low] || clauseStarts[next.low] || auxiliaries[next.low] || conjunctions[next.low] {
		return false
	}
	if conjunction == "and" {
		return !articles[next.low] && !possessives[next.low] && !isGerund(next.low)
	}
	return true
}

func isGerund(word string) bool {
	return len(word) > 4 && strings.HasSuffix(word, "ing") && !gerundNouns[word]
}

// skipPredicate passes over "is visible", "are present" after a negated thing.
func skipPredicate(tokens []token, i int) int {
	if i == 0 || i >= len(tokens) || tokens[i-1].ends || !auxiliaries[tokens[i].low] {
		return i
	}
	k := i + 1
	if k < len(tokens) && (tokens[k].low == "visible" || tokens[k].low == "present" || tokens[k].low == "there" ||
		tokens[k].low == "around" || tokens[k].low == "seen") {
		return k + 1
	}
	if k == len(tokens) {
		return k
	}
	return i
}

// nobodyScope reads "nobody" and what it does. "nobody standing at the gate"
// negates a standing person; "nobody wearing a helmet" is about people who are
// there, without helmets.
func nobodyScope(tokens []token, cue, start int, positive *[]token) ([][]token, int) {
	thing := []token{word("a"), word("person")}
	if tokens[cue].low == "nothing" {
		thing = []token{word("objects")}
	}
	if tokens[start-1].ends {
		return [][]token{thing}, start
	}
	i := start
	for i < len(tokens) && auxiliaries[tokens[i].low] && tokens[i].phrase == 0 && !tokens[i].ends {
		i++
	}
	if i == len(tokens) || tokens[i].phrase != 0 {
		return [][]token{thing}, i
	}
	if wearVerbs[tokens[i].low] && tokens[cue].low != "nothing" {
		if scopes, end := thingScope(tokens, i, cueVerb, ""); len(scopes) > 0 {
			*positive = append(*positive, word("people"))
			return scopes, end
		}
	}
	for i < len(tokens) && tokens[i].phrase == 0 && (isGerund(tokens[i].low) || tokens[i].low == "else") {
		if tokens[i].low != "else" {
			thing = append(thing, tokens[i])
		}
		i++
		if tokens[i-1].ends {
			break
		}
	}
	return [][]token{thing}, i
}

func word(text string) token {
	return token{text: text, low: text}
}

// trimScope removes from a negated thing the words that only carry grammar.
func trimScope(tokens []token) []token {
	for len(tokens) > 0 && tokens[0].phrase == 0 &&
		(adverbs[tokens[0].low] || possessives[tokens[0].low] || tokens[0].low == "have" || tokens[0].low == "has" || tokens[0].low == "having") {
		tokens = tokens[1:]
	}
	for len(tokens) > 0 {
		t := tokens[len(tokens)-1]
		if t.phrase != 0 || !(articles[t.low] || prepositions[t.low] || conjunctions[t.low] || auxiliaries[t.low]) {
			break
		}
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}

// trimTail removes from the end of the positive part what led to the negation:
// "a worker who is", "a room but".
func trimTail(tokens []token) []token {
	for len(tokens) > 0 {
		t := tokens[len(tokens)-1]
		if t.phrase != 0 || !(conjunctions[t.low] || auxiliaries[t.low] || relatives[t.low] || t.low == "with" || articles[t.low]) {
			break
		}
		tokens = tokens[:len(tokens)-1]
	}
	return tokens
}
