package query

// Translator puts a question into the language that the text encoder was
// trained on. It must be safe for concurrent use.
type Translator interface {
	// Translate returns false where the text needs no translation. Quoted phrases
	// stay in the text as they are, with their quotation marks.
	Translate(text string) (Translation, bool)
}

// Translation is a question in the language of the text encoder.
type Translation struct {
	Text    string
	Unknown []string // words that no translation was found for, as they were written
	Ignored []string // words that say nothing about a picture, as they were written
}

// translate puts the words of a request into the encoder's language. Where the
// translation has nothing left, the words are kept as they are.
func (e *Engine) translate(text string) (Translation, bool) {
	if e.options.Translator == nil {
		return Translation{}, false
	}
	t, ok := e.options.Translator.Translate(text)
	return t, ok && t.Text != ""
}
