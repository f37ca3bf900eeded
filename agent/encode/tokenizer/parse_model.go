package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

func parseModel(raw json.RawMessage) (model, error) {
	if absent(raw) {
		return nil, errors.New("it is missing")
	}
	k, err := kind(raw)
	if err != nil {
		return nil, err
	}
	switch k {
	case "WordPiece":
		return parseWordPiece(raw)
	case "BPE":
		return parseBPE(raw)
	case "Unigram":
		return parseUnigram(raw)
	}
	return nil, unsupported(k)
}

func checkVocab(vocab map[string]int) error {
	if len(vocab) == 0 {
		return errors.New("its vocabulary is empty")
	}
	for token, id := range vocab {
		if id < 0 {
			return fmt.Errorf("token %q has number %d", token, id)
		}
	}
	return nil
}

func parseWordPiece(raw json.RawMessage) (model, error) {
	p := struct {
		Unknown  string         `json:"unk_token"`
		Prefix   string         `json:"continuing_subword_prefix"`
		MaxChars int            `json:"max_input_chars_per_word"`
		Vocab    map[string]int `json:"vocab"`
	}{Unknown: "[UNK]", Prefix: "##", MaxChars: 100}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	if err := checkVocab(p.Vocab); err != nil {
		return nil, err
	}
	unknown, ok := p.Vocab[p.Unknown]
	if !ok {
		return nil, fmt.Errorf("its vocabulary lacks the unknown token %q", p.Unknown)
	}
	if p.MaxChars < 1 || p.MaxChars > 1000 {
		return nil, fmt.Errorf("max_input_chars_per_word is %d, want 1 to 1000", p.MaxChars)
	}
	m := wordPiece{first: p.Vocab, rest: map[string]int{}, unknown: unknown, maxRunes: p.MaxChars}
	for token, id := range p.Vocab {
		if rest, ok := strings.CutPrefix(token, p.Prefix); ok && rest != "" {
			m.rest[rest] = id
		}
	}
	return m, nil
}

func parseBPE(raw json.RawMessage) (model, error) {
	var p struct {
		Dropout      *float64       `json:"dropout"`
		Unknown      *string        `json:"unk_token"`
		Prefix       string         `json:"continuing_subword_prefix"`
		Suffix       string         `json:"end_of_word_suffix"`
		Fuse         bool           `json:"fuse_unk"`
		ByteFallback bool           `json:"byte_fallback"`
		Whole        bool           `json:"ignore_merges"`
		Vocab        map[string]int `json:"vocab"`
		Merges       []mergeOf      `json:"merges"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	if err := checkVocab(p.Vocab); err != nil {
		return nil, err
	}
	if p.Dropout != nil && *p.Dropout != 0 {
		return nil, unsupported("BPE with dropout")
	}
	var bytes *byteTokens
	if p.ByteFallback {
		bytes = newByteTokens(p.Vocab)
	}
	m := &bpe{bytes: bytes, lengths: pieceLengths(p.Vocab, bytes), vocab: p.Vocab, merges: make(map[pair]merge, len(p.Merges)), unknown: -1, fuse: p.Fuse, suffix: p.Suffix, prefix: p.Prefix, whole: p.Whole}
	if p.Unknown != nil {
		id, ok := p.Vocab[*p.Unknown]
		if !ok {
			return nil, fmt.Errorf("its vocabulary lacks the unknown token %q", *p.Unknown)
		}
		m.unknown = id
	}
	for rank, of := range p.Merges {
		left, ok1 := p.Vocab[of.left]
		right, ok2 := p.Vocab[of.right]
		id, ok3 := p.Vocab[of.left+strings.TrimPrefix(of.right, p.Prefix)]
		if !ok1 || !ok2 || !ok3 {
			return nil, fmt.Errorf("merge %d, %q with %q, is not in the vocabulary", rank, of.left, of.right)
		}
		m.merges[pair{left, right}] = merge{rank: rank, id: id}
	}
	return m, nil
}

func parseUnigram(raw json.RawMessage) (model, error) {
	var p struct {
		Unknown      *int         `json:"unk_id"`
		ByteFallback bool         `json:"byte_fallback"`
		Vocab        []pieceScore `json:"vocab"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	if len(p.Vocab) == 0 {
		return nil, errors.New("its vocabulary is empty")
	}
	if p.Unknown == nil || *p.Unknown < 0 || *p.Unknown >= len(p.Vocab) {
		return nil, errors.New("unk_id does not name a token of its vocabulary")
	}
	vocab, ids := make([]scored, len(p.Vocab)), make(map[string]int, len(p.Vocab))
	for id, v := range p.Vocab {
		vocab[id] = scored{text: v.text, id: id, score: v.score}
		ids[v.text] = id
	}
	var bytes *byteTokens
	if p.ByteFallback {
		bytes = newByteTokens(ids)
	}
	return newUnigram(vocab, *p.Unknown, bytes), nil
}

// pieceScore is ["▁dog", -7.2].
type pieceScore struct {
	text  string
	score float64
}

func (p *pieceScore) UnmarshalJSON(data []byte) error {
	both := []any{&p.text, &p.score}
	if err := json.Unmarshal(data, &both); err != nil {
		return err
	}
	if len(both) != 2 {
		return fmt.Errorf("%.60s is no piece with its score", data)
	}
	return nil
}

// mergeOf is one entry of merges: "left right" or ["left", "right"].
type mergeOf struct{ left, right string }

func (m *mergeOf) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil {
		left, right, ok := strings.Cut(text, " ")
		if !ok {
			return fmt.Errorf("merge %q has no space", text)
		}
		m.left, m.right = left, right
		return nil
	}
	var parts []string
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) != 2 {
		return fmt.Errorf("merge %.60s is no pair", data)
	}
	m.left, m.right = parts[0], parts[1]
	return nil
}
