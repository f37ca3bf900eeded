package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ErrUnsupported: the file is valid but asks for a part that isn't implemented.
var ErrUnsupported = errors.New("unsupported tokenizer")

// file is tokenizer.json. Truncation and padding are left to the caller.
type file struct {
	AddedTokens []struct {
		ID         int    `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		Normalized bool   `json:"normalized"`
	} `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Model         json.RawMessage `json:"model"`
}

// Parse reads a tokenizer.json. Errors name the part at fault; those that wrap
// ErrUnsupported mean that the file is fine but needs something else.
func Parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("parse tokenizer: %w", err)
	}
	t := &Tokenizer{}
	var err error
	if t.normalizer, err = parseNormalizer(f.Normalizer); err != nil {
		return nil, fmt.Errorf("parse tokenizer: normalizer: %w", err)
	}
	if t.splitter, err = parseSplitter(f.PreTokenizer); err != nil {
		return nil, fmt.Errorf("parse tokenizer: pre_tokenizer: %w", err)
	}
	if t.template, err = parseTemplate(f.PostProcessor); err != nil {
		return nil, fmt.Errorf("parse tokenizer: post_processor: %w", err)
	}
	if t.model, err = parseModel(f.Model); err != nil {
		return nil, fmt.Errorf("parse tokenizer: model: %w", err)
	}
	var raw, normal []addedToken
	for _, a := range f.AddedTokens {
		if a.SingleWord {
			return nil, fmt.Errorf("parse tokenizer: added token %q: %w: single_word", a.Content, ErrUnsupported)
		}
		if a.ID < 0 {
			return nil, fmt.Errorf("parse tokenizer: added token %q has number %d", a.Content, a.ID)
		}
		at := addedToken{id: a.ID, content: a.Content, lstrip: a.LStrip, rstrip: a.RStrip}
		if a.Normalized {
			at.content = t.normalizer.normalize(a.Content).text
			normal = append(normal, at)
		} else {
			raw = append(raw, at)
		}
	}
	t.added, t.normal = newAddedTokens(raw), newAddedTokens(normal)
	return t, nil
}

// kind reads the type of a part; "" if there is none.
func kind(raw json.RawMessage) (string, error) {
	if absent(raw) {
		return "", nil
	}
	var k struct {
		Type *string `json:"type"`
	}
	if err := json.Unmarshal(raw, &k); err != nil {
		return "", err
	}
	if k.Type == nil {
		return "", errors.New("it has no type")
	}
	return *k.Type, nil
}

func absent(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func unsupported(what string) error { return fmt.Errorf("%w: type %q", ErrUnsupported, what) }

func parseNormalizer(raw json.RawMessage) (normalizer, error) {
	k, err := kind(raw)
	if err != nil {
		return nil, err
	}
	if k == "BertNormalizer" {
		b := struct {
			Clean      bool  `json:"clean_text"`
			Ideographs bool  `json:"handle_chinese_chars"`
			Accents    *bool `json:"strip_accents"`
			Lower      bool  `json:"lowercase"`
		}{Clean: true, Ideographs: true, Lower: true}
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, err
		}
		n := bertNormalizer{clean: b.Clean, ideographs: b.Ideographs, accents: b.Lower, lower: b.Lower}
		if b.Accents != nil {
			n.accents = *b.Accents
		}
		return n, nil
	}
	return parseRewrites(k, raw)
}

func parseRewrites(k string, raw json.RawMessage) (rewrites, error) {
	switch k {
	case "":
		return nil, nil
	case "NFC":
		return rewrites{norm.NFC.String}, nil
	case "NFD":
		return rewrites{norm.NFD.String}, nil
	case "NFKC":
		return rewrites{norm.NFKC.String}, nil
	case "NFKD":
		return rewrites{norm.NFKD.String}, nil
	case "Lowercase":
		return rewrites{lowercase}, nil
	case "Replace":
		var r struct {
			Pattern patternOrString `json:"pattern"`
			Content string          `json:"content"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, err
		}
		if r.Pattern.String != nil {
			return rewrites{func(text string) string { return strings.ReplaceAll(text, *r.Pattern.String, r.Content) }}, nil
		}
		re, err := r.Pattern.compile()
		if err != nil {
			return nil, err
		}
		return rewrites{replace(re, r.Content)}, nil
	case "Strip":
		s := struct {
			Left  bool `json:"strip_left"`
			Right bool `json:"strip_right"`
		}{Left: true, Right: true}
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		return rewrites{strip(s.Left, s.Right)}, nil
	case "Prepend":
		var p struct {
			Prepend string `json:"prepend"`
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, err
		}
		return rewrites{prepend(p.Prepend)}, nil
	case "Precompiled":
		var p struct {
			Table string `json:"precompiled_charsmap"`
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			return nil, err
		}
		table, err := parsePrecompiled(p.Table)
		if err != nil {
			return nil, err
		}
		return rewrites{table.normalize}, nil
	case "Sequence":
		var s struct {
			Normalizers []json.RawMessage `json:"normalizers"`
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		var all rewrites
		for _, part := range s.Normalizers {
			k, err := kind(part)
			if err != nil {
				return nil, err
			}
			if k == "Sequence" {
				return nil, unsupported("Sequence in a Sequence")
			}
			rs, err := parseRewrites(k, part)
			if err != nil {
				return nil, err
			}
			all = append(all, rs...)
		}
		return all, nil
	}
	return nil, unsupported(k)
}

// patternOrString is {"Regex": …} or {"String": …}.
type patternOrString struct {
	Regex  string
	String *string
}

func (p patternOrString) compile() (*regexp.Regexp, error) {
	if p.String != nil {
		return regexp.Compile(regexp.QuoteMeta(*p.String))
	}
	re, err := compile(p.Regex)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return re, nil
}

func parseMetaspace(raw json.RawMessage) (splitter, error) {
	p := struct {
		Mark   string `json:"replacement"`
		Prefix *bool  `json:"add_prefix_space"`
		Scheme string `json:"prepend_scheme"`
		Split  bool   `json:"split"`
	}{Mark: spaceMark, Scheme: "always", Split: true}
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(p.Mark) != 1 {
		return nil, fmt.Errorf("replacement %q is not one character", p.Mark)
	}
	if p.Prefix != nil && !*p.Prefix {
		p.Scheme = "never"
	}
	m := metaspace{mark: p.Mark, split: p.Split}
	switch p.Scheme {
	case "always":
	case "first":
		m.prefix = prefixFirst
	case "never":
		m.prefix = prefixNever
	default:
		return nil, unsupported(fmt.Sprintf("Metaspace with prepend_scheme %q", p.Scheme))
	}
	return m, nil
}

func parseSplitter(raw json.RawMessage) (splitter, error) {
	k, err := kind(raw)
	if err != nil {
		return nil, err
	}
	switch k {
	case "":
		return chain{}, nil
	case "BertPreTokenizer":
		return bertSplitter{}, nil
	case "ByteLevel":
		b := struct {
			Prefix bool `json:"add_prefix_space"`
			Regex  bool `json:"use_regex"`
		}{Prefix: true, Regex: true}
		if err := json.Unmarshal(raw, &b); err != nil {
			return nil, err
		}
		return byteLevel{prefixSpace: b.Prefix, split: b.Regex}, nil
	case "Split":
		return parseSplit(raw)
	case "WhitespaceSplit":
		return whitespace{}, nil
	case "Metaspace":
		return parseMetaspace(raw)
	case "Sequence":
		var s struct {
			Parts []json.RawMessage `json:"pretokenizers"`
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return nil, err
		}
		var c chain
		for _, part := range s.Parts {
			k, err := kind(part)
			if err != nil {
				return nil, err
			}
			if k == "Sequence" {
				return nil, unsupported("Sequence in a Sequence")
			}
			p, err := parseSplitter(part)
			if err != nil {
				return nil, err
			}
			c = append(c, p)
		}
		return c, nil
	}
	return nil, unsupported(k)
}

func parseSplit(raw json.RawMessage) (splitter, error) {
	var s struct {
		Pattern  patternOrString `json:"pattern"`
		Behavior string          `json:"behavior"`
		Invert   bool            `json:"invert"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	re, err := s.Pattern.compile()
	if err != nil {
		return nil, err
	}
	switch {
	case s.Behavior == "MergedWithPrevious" && !s.Invert:
		return delimiter{pattern: re}, nil
	case s.Behavior == "MergedWithNext" && !s.Invert:
		return delimiter{pattern: re, next: true}, nil
	case s.Behavior == "Isolated" || s.Behavior == "Removed" && s.Invert:
		// Words are the matches; so only a removal has to be an inverted one.
	default:
		return nil, unsupported(fmt.Sprintf("Split with behavior %s, invert %v", s.Behavior, s.Invert))
	}
	return patternSplitter{pattern: re, between: s.Behavior == "Isolated"}, nil
}

// tokenAndID is ["[SEP]", 102].
type tokenAndID struct{ id int }

func (t *tokenAndID) UnmarshalJSON(data []byte) error {
	var name string
	both := []any{&name, &t.id}
	if err := json.Unmarshal(data, &both); err != nil {
		return err
	}
	if len(both) != 2 || t.id < 0 {
		return fmt.Errorf("%s is no token with its number", data)
	}
	return nil
}

func parseTemplate(raw json.RawMessage) (template, error) {
	k, err := kind(raw)
	if err != nil {
		return template{}, err
	}
	switch k {
	case "", "ByteLevel":
		return template{}, nil
	case "BertProcessing", "RobertaProcessing":
		var p struct {
			Sep *tokenAndID `json:"sep"`
			Cls *tokenAndID `json:"cls"`
		}
		if err := json.Unmarshal(raw, &p); err != nil {
			return template{}, err
		}
		if p.Sep == nil || p.Cls == nil {
			return template{}, errors.New("it needs sep and cls")
		}
		return template{before: []int{p.Cls.id}, after: []int{p.Sep.id}}, nil
	case "TemplateProcessing":
		return parseTemplateProcessing(raw)
	}
	return template{}, unsupported(k)
}

func parseTemplateProcessing(raw json.RawMessage) (template, error) {
	var p struct {
		Single []struct {
			SpecialToken *struct {
				ID string `json:"id"`
			}
			Sequence *struct {
				ID string `json:"id"`
			}
		} `json:"single"`
		SpecialTokens map[string]struct {
			IDs []int `json:"ids"`
		} `json:"special_tokens"`
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return template{}, err
	}
	var t template
	texts := 0
	for _, part := range p.Single {
		switch {
		case part.Sequence != nil && part.Sequence.ID == "A":
			texts++
		case part.SpecialToken != nil:
			s, ok := p.SpecialTokens[part.SpecialToken.ID]
			if !ok {
				return template{}, fmt.Errorf("special token %q is not listed", part.SpecialToken.ID)
			}
			for _, id := range s.IDs {
				if id < 0 {
					return template{}, fmt.Errorf("special token %q has number %d", part.SpecialToken.ID, id)
				}
			}
			if texts == 0 {
				t.before = append(t.before, s.IDs...)
			} else {
				t.after = append(t.after, s.IDs...)
			}
		default:
			return template{}, errors.New("single: neither a special token nor text A")
		}
	}
	if texts != 1 {
		return template{}, fmt.Errorf("single: text A stands there %d times", texts)
	}
	return t, nil
}
