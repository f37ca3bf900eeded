package tokenizer

import "strings"

// Encoding is a tokenised text.
type Encoding struct {
	IDs  []int // token numbers, with the special tokens around them
	Word []int // for each of IDs the index into Words, -1 for special tokens and bare space

	// Words are what the text was split into before the pieces were cut: for
	// WordPiece as they were written, for BPE after normalisation. A word cut
	// off by the limit is missing, one cut in the middle is there.
	Words []string
	// Unknown are those of Words of which the vocabulary knows nothing.
	Unknown []string
	// Truncated says that the text has more tokens than the limit allows.
	Truncated bool
}

// Tokenizer is safe for concurrent use.
type Tokenizer struct {
	added      addedTokens // split off before anything else
	normal     addedTokens // split off after normalising
	normalizer normalizer
	splitter   splitter
	model      model
	template   template
}

// word is a stretch of text that pieces don't cross.
type word struct {
	text   string // normalised
	source string // as written, or text where that isn't known
	first  bool   // it is at the start of all that was to be tokenised
}

// A model cuts a word into pieces and appends their numbers to ids. known is
// false if any part of the word is missing from the vocabulary.
type model interface {
	pieces(ids []int, word string) (_ []int, known bool)
}

// Encode tokenises text. If limit is above 0, at most that many tokens are
// returned, special tokens included, and Truncated says whether some are
// missing. Bytes that are no UTF-8 count as U+FFFD, one for each run.
func (t *Tokenizer) Encode(text string, limit int) Encoding {
	text = strings.ToValidUTF8(text, "\ufffd")
	e := Encoding{}
	room := -1
	if limit > 0 {
		room = max(0, limit-len(t.template.before)-len(t.template.after))
	}
	special := func(id int, content string) bool {
		e.IDs, e.Word = append(e.IDs, id), append(e.Word, len(e.Words))
		e.Words = append(e.Words, content)
		return room < 0 || len(e.IDs) <= room
	}
	words := func(w word) bool {
		n := len(e.IDs)
		ids, known := t.model.pieces(e.IDs, w.text)
		e.IDs = ids
		if m, ok := t.model.(*bpe); ok && m.lengths != nil && strings.Contains(w.text, spaceMark) {
			m.phrase(&e, ids[n:], w.text)
			return room < 0 || len(e.IDs) <= room
		}
		for range len(ids) - n {
			e.Word = append(e.Word, len(e.Words))
		}
		// Pieces of nothing but space belong to the word after them.
		if w.source != "" && (len(ids) > n || !known) {
			e.Words = append(e.Words, w.source)
			if !known {
				e.Unknown = append(e.Unknown, w.source)
			}
		}
		// One token beyond the limit is enough to know that there are more.
		return room < 0 || len(e.IDs) <= room
	}
	t.added.split(text, special, func(from, to int) bool {
		n := t.normalizer.normalize(text[from:to])
		n.first = from == 0
		return t.normal.split(n.text, special, func(from, to int) bool {
			return t.splitter.words(n.slice(from, to), words)
		})
	})
	if room >= 0 && len(e.IDs) > room {
		e.cut(room)
	}
	for i, of := range e.Word {
		if of >= len(e.Words) {
			e.Word[i] = -1
		}
	}
	e.surround(t.template)
	return e
}

// cut drops the tokens from n on and the words that lost all of theirs.
func (e *Encoding) cut(n int) {
	e.Truncated = true
	e.IDs, e.Word = e.IDs[:n], e.Word[:n]
	words := 0
	if n > 0 {
		words = min(e.Word[n-1]+1, len(e.Words))
	}
	for i := len(e.Words) - 1; i >= words; i-- {
		if k := len(e.Unknown); k > 0 && e.Unknown[k-1] == e.Words[i] {
			e.Unknown = e.Unknown[:k-1]
		}
	}
	e.Words = e.Words[:words]
}

func (e *Encoding) surround(t template) {
	ids := append(append(append(make([]int, 0, len(t.before)+len(e.IDs)+len(t.after)), t.before...), e.IDs...), t.after...)
	of := make([]int, len(ids))
	for i := range of {
		of[i] = -1
	}
	copy(of[len(t.before):], e.Word)
	e.IDs, e.Word = ids, of
}

// template is what stands around a single text.
type template struct{ before, after []int }
