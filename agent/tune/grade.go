package tune

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxGrade is the best grade: exactly what was asked for. 0 is nothing of it.
const MaxGrade = 3

// Grade is what a person said of a clip as an answer to a question.
type Grade struct {
	Query string // as it was asked
	Clip  string // id
	Grade int    // 0 to MaxGrade
	Time  time.Time
}

// maxQuery bounds a question, in bytes.
const maxQuery = 4096

// Check says what is wrong with a grade.
func (g Grade) Check() error {
	switch {
	case Normalize(g.Query) == "":
		return fmt.Errorf("the grade has no question: say what was asked when the clip was graded")
	case len(g.Query) > maxQuery || !utf8.ValidString(g.Query):
		return fmt.Errorf("the question of a grade must be text of at most %d bytes", maxQuery)
	case g.Clip == "" || len(g.Clip) > 256:
		return fmt.Errorf("the grade of %q names no clip", g.Query)
	case g.Grade < 0 || g.Grade > MaxGrade:
		return fmt.Errorf("the grade of clip %s is %d: grades are 0 (not at all), 1, 2 or 3 (exactly)", g.Clip, g.Grade)
	}
	return nil
}

// Relevancy is the grade as a number from 0 to 1.
func (g Grade) Relevancy() float64 { return float64(g.Grade) / MaxGrade }

// Normalize is the form in which two questions are the same: lower case, single
// spaces, no punctuation at the ends.
func Normalize(query string) string {
	words := strings.Fields(strings.ToLower(query))
	return strings.TrimFunc(strings.Join(words, " "), func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) })
}

// Part is what a question is used for. It depends on nothing but its words, so
// that no run ever trains on what another judged by.
type Part int

// The parts, with their share of all questions.
const (
	Train   Part = iota // 65 %: learned from
	Choose              // 15 %: picks the best epoch
	HeldOut             // 20 %: decides on promotion, and nothing else
)

// PartOf is the part of a question.
func PartOf(query string) Part {
	sum := sha256.Sum256([]byte("gemba tune split 1\n" + Normalize(query)))
	switch n := binary.LittleEndian.Uint64(sum[:]) % 20; {
	case n < 4:
		return HeldOut
	case n < 7:
		return Choose
	}
	return Train
}
