package eval

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
)

// Names of the annotation files as published.
const (
	EK100ClipFile     = "EPIC_100_retrieval_test.csv"
	EK100SentenceFile = "EPIC_100_retrieval_test_sentence.csv"
)

// EK100Clip is one row of the clip file.
type EK100Clip struct {
	NarrationID string
	Narration   string
	Classes     Classes
}

// EK100Sentence is one row of the sentence file. Its classes are those of the
// clip with its narration id, never those its text suggests: the last seven
// sentences of the published file carry a text that is not theirs.
type EK100Sentence struct {
	NarrationID string
	Text        string
	Line        int
}

// ReadEK100Relevancy builds the relevancy matrix from the annotation files in
// dir: rows in the order of the clip file, columns in that of the sentence
// file.
func ReadEK100Relevancy(dir string) (*Relevancy, error) {
	clips, err := readFile(filepath.Join(dir, EK100ClipFile), ReadEK100Clips)
	if err != nil {
		return nil, err
	}
	sentenceFile := filepath.Join(dir, EK100SentenceFile)
	sentences, err := readFile(sentenceFile, ReadEK100Sentences)
	if err != nil {
		return nil, err
	}
	return EK100Relevancy(clips, sentences, sentenceFile)
}

// EK100Relevancy joins clips and sentences to the relevancy matrix. name is
// that of the sentence file, for errors.
func EK100Relevancy(clips []EK100Clip, sentences []EK100Sentence, name string) (*Relevancy, error) {
	byID := make(map[string]Classes, len(clips))
	rows := make([]Classes, len(clips))
	for i, c := range clips {
		byID[c.NarrationID] = c.Classes
		rows[i] = c.Classes
	}
	cols := make([]Classes, len(sentences))
	problems := FileError{Name: name}
	for j, s := range sentences {
		c, ok := byID[s.NarrationID]
		if !ok {
			problems.add(s.Line, fmt.Sprintf("narration_id %q is no clip of %s", s.NarrationID, EK100ClipFile))
			continue
		}
		cols[j] = c
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	return NewRelevancy(rows, cols)
}

// ReadEK100Clips reads the clip file; name is used in errors.
func ReadEK100Clips(r io.Reader, name string) ([]EK100Clip, error) {
	t, err := openTable(r, name, "narration_id", "narration", "verb_class", "all_noun_classes")
	if err != nil {
		return nil, err
	}
	var clips []EK100Clip
	seen := map[string]int{}
	for t.next() {
		c := EK100Clip{NarrationID: t.field("narration_id"), Narration: t.field("narration")}
		t.unique(seen, "narration_id", c.NarrationID)
		if c.Classes.Verb, err = parseClass(t.field("verb_class")); err != nil {
			t.problem("verb_class: %v", err)
		}
		if c.Classes.Nouns, err = parseClassList(t.field("all_noun_classes")); err != nil {
			t.problem("all_noun_classes: %v", err)
		}
		clips = append(clips, c)
	}
	return clips, t.close()
}

// ReadEK100Sentences reads the sentence file; name is used in errors. Equal
// texts are kept apart: the identity of a sentence is its row.
func ReadEK100Sentences(r io.Reader, name string) ([]EK100Sentence, error) {
	t, err := openTable(r, name, "narration_id", "narration")
	if err != nil {
		return nil, err
	}
	var sentences []EK100Sentence
	for t.next() {
		s := EK100Sentence{NarrationID: t.field("narration_id"), Text: t.field("narration"), Line: t.line}
		if s.NarrationID == "" {
			t.problem("narration_id is empty")
		}
		sentences = append(sentences, s)
	}
	return sentences, t.close()
}

// ReadEK100SentencesFile is ReadEK100Sentences on the sentence file in dir.
func ReadEK100SentencesFile(dir string) ([]EK100Sentence, error) {
	return readFile(filepath.Join(dir, EK100SentenceFile), ReadEK100Sentences)
}

// parseClassList reads a list as Python prints it: "[2, 49]".
func parseClassList(s string) ([]int, error) {
	inner, ok := strings.CutPrefix(s, "[")
	if ok {
		inner, ok = strings.CutSuffix(inner, "]")
	}
	if !ok {
		return nil, fmt.Errorf("%s is no list like [2, 49]", quoteShort(s))
	}
	if strings.TrimSpace(inner) == "" {
		return nil, fmt.Errorf("the list is empty")
	}
	var classes []int
	for part := range strings.SplitSeq(inner, ",") {
		n, err := parseClass(strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		classes = append(classes, n)
	}
	return classes, nil
}

func parseClass(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n >= maxNounClass {
		return 0, fmt.Errorf("%s is no class number (0 to %d)", quoteShort(s), maxNounClass-1)
	}
	return int(n), nil
}
