package japanese

import (
	"log/slog"
	"sync"

	"github.com/gembahq/gemba/index/query"
)

// Lazy is a query.Translator that loads its dictionaries with the first question
// in Japanese. Where that fails, questions are left as they are.
type Lazy struct {
	load func() *Translator
}

var _ query.Translator = (*Lazy)(nil)

// NewLazy returns a Lazy that says in the log if the dictionaries cannot be loaded.
func NewLazy(logger *slog.Logger) *Lazy {
	return &Lazy{load: sync.OnceValue(func() *Translator {
		t, err := New()
		if err != nil {
			logger.Error("japanese questions are not translated", "error", err)
			return nil
		}
		return t
	})}
}

// Translate implements query.Translator.
func (l *Lazy) Translate(text string) (query.Translation, bool) {
	if !Is(text) {
		return query.Translation{}, false
	}
	t := l.load()
	if t == nil {
		return query.Translation{}, false
	}
	out := t.Translate(text)
	return query.Translation{Text: out.English, Unknown: out.Unknown, Ignored: out.Ignored}, true
}
