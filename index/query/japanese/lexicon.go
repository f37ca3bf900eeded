package japanese

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed lexicon.txt
var lexiconText string

// lexicon is the hand-written table of words.
type lexicon struct {
	words  map[string]*entry
	asking map[string]bool // words that ask to be shown something
}

func parseLexicon(text string) (*lexicon, error) {
	l := &lexicon{words: map[string]*entry{}, asking: map[string]bool{}}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if err := l.add(line); err != nil {
			return nil, fmt.Errorf("lexicon line %d: %w", i+1, err)
		}
	}
	return l, nil
}

func (l *lexicon) add(line string) error {
	words, meaning, ok := strings.Cut(line, ": ")
	class, rest, ok2 := strings.Cut(meaning, " ")
	if !ok || !ok2 || len(class) != 1 || !strings.Contains("nvapdlwteqs-", class) {
		return fmt.Errorf("want words: class English; options, not %q", line)
	}
	fields := strings.Split(rest, ";")
	e := &entry{class: class[0], english: strings.TrimSpace(fields[0])}
	for _, option := range fields[1:] {
		if err := e.option(strings.TrimSpace(option)); err != nil {
			return err
		}
	}
	for word := range strings.SplitSeq(words, ",") {
		if e.class == classAsking {
			l.asking[word] = true
			continue
		}
		if l.words[word] != nil {
			return fmt.Errorf("%s is there already", word)
		}
		l.words[word] = e
	}
	return nil
}

func (e *entry) option(option string) error {
	name, value, _ := strings.Cut(option, "=")
	switch name {
	case "person":
		if value == "" {
			e.person = true
		} else {
			e.stance = value
		}
	case "worn":
		e.worn = true
	case "thing":
		e.thing = true
	case "in", "on", "at":
		e.prep = name
	case "attr":
		e.attr = value
	case "of":
		e.of = value
	case "state":
		e.state = value
	case "as":
		e.as = value
	case "group":
		e.group = value
	case "things":
		e.ofThing = value
	case "vehicles":
		e.ofVehicle = value
	case "alone":
		e.alone = value
	default:
		particle, preposition, _ := strings.Cut(option, ":")
		if !caseParticles[particle] {
			return fmt.Errorf("unknown option %q", option)
		}
		if e.cases == nil {
			e.cases = map[string]string{}
		}
		e.cases[particle] = preposition
	}
	return nil
}

var caseParticles = set("が を に へ で と から まで より の は も")
