package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gembahq/gemba/index"
)

// plan is a question ready to be asked of the store.
type plan struct {
	search     index.Search // Limit is set per fetch
	level      level
	bar        bar      // set once it is known what was searched
	exclude    index.ID // the clip that others should be like
	excluded   bool
	ranked     bool // false: only filtered, newest first
	refine     bool
	refineTop  int
	explain    bool   // tell where to see why
	question   string // as it was asked
	refineText string
	embedding  Embedding
	understood Understood
	encodeTime time.Duration
}

func (e *Engine) plan(ctx context.Context, r *Request) (*plan, error) {
	p := &plan{
		search:    index.Search{Filter: index.Filter{Cameras: r.Cameras, From: r.From, To: r.To, Labels: r.Labels, Text: r.Text}},
		refine:    r.Refine && e.options.Refiner != nil,
		ranked:    true,
		refineTop: cmp.Or(r.RefineTop, e.options.RefineTop),
	}
	began := time.Now()
	var err error
	switch {
	case r.Query != "":
		err = e.planWords(ctx, r, p)
	case r.LikeClip != "":
		err = e.planLike(ctx, r, p)
	case len(r.Image) > 0:
		err = e.planImage(ctx, r, p)
	default:
		p.ranked, p.refine = false, false
	}
	if err != nil {
		return nil, err
	}
	p.encodeTime = time.Since(began)
	if p.ranked {
		c := &e.options.Calibration
		p.level = c.level(p.search.Vector, p.search.Alpha, p.search.Negative, p.search.Beta)
	}
	return p, nil
}

func (e *Engine) planWords(ctx context.Context, r *Request, p *plan) error {
	if e.text == nil {
		return ErrNoTextModel
	}
	words := r.Query
	translation, translated := e.translate(words)
	if translated {
		words = translation.Text
	}
	q := Parse(words)
	emb, err := e.encode(ctx, q.Positive)
	if err != nil {
		return err
	}
	c := &e.options.Calibration
	p.embedding, p.refineText, p.question = emb, q.Positive, r.Query
	p.explain = r.Explain && e.options.Refiner != nil
	p.search.Vector = emb.Vector
	p.search.Alpha = c.Alpha
	if q.Bare {
		p.search.Alpha = c.AlphaWord
	}
	p.search.Filter.Text = withPhrases(r.Text, q.Phrases)
	p.understood = Understood{Text: q.Positive, Without: q.Without, Phrases: q.Phrases, UnknownWords: emb.Unknown, Truncated: emb.Truncated}
	if translated {
		p.understood.Translation = translation.Text
		p.understood.UnknownWords = slices.Concat(translation.Unknown, emb.Unknown)
		p.understood.IgnoredWords = translation.Ignored
	}
	if len(q.Without) == 0 || c.Beta == 0 {
		return nil
	}
	p.search.Alpha = c.AlphaWord // what is left is short, and the hub term is in both halves
	if q.Worn && c.BetaWorn != 0 {
		return e.planWorn(ctx, &q, p)
	}
	// Several negated things share one vector. The root keeps its length, and so
	// the weight of the negation, independent of how many there are.
	sum := make([]float32, len(emb.Vector))
	for _, text := range q.Without {
		negated, err := e.encode(ctx, text)
		if err != nil {
			return err
		}
		for i, v := range negated.Vector {
			sum[i] += v
		}
		p.understood.UnknownWords = append(p.understood.UnknownWords, negated.Unknown...)
	}
	scale := float32(1 / math.Sqrt(float64(len(q.Without))))
	for i := range sum {
		sum[i] *= scale
	}
	p.search.Negative, p.search.Beta = sum, c.Beta
	return nil
}

// planWorn plans "a worker without a helmet". Who lacks something looks much like
// who has it, and photos of workers without helmets are captioned so: the whole
// sentence knows more than "a worker". What it gets wrong, that the helmet named in
// it draws helmets, is taken back by the same sentence with the helmet on.
func (e *Engine) planWorn(ctx context.Context, q *Question, p *plan) error {
	sentence, err := e.encode(ctx, q.Sentence)
	if err != nil {
		return err
	}
	affirmed, err := e.encode(ctx, q.Affirmed)
	if err != nil {
		return err
	}
	p.search.Vector, p.search.Negative = sentence.Vector, affirmed.Vector
	p.search.Beta = e.options.Calibration.BetaWorn
	p.search.Alpha = 0 // the hub term made these answers worse
	p.understood.Truncated = sentence.Truncated
	for _, unknown := range sentence.Unknown {
		if !slices.Contains(p.understood.UnknownWords, unknown) {
			p.understood.UnknownWords = append(p.understood.UnknownWords, unknown)
		}
	}
	return nil
}

// encode asks the text encoder and refuses what would spoil every score.
func (e *Engine) encode(ctx context.Context, text string) (Embedding, error) {
	emb, err := e.text.EncodeText(ctx, text)
	if err != nil {
		return Embedding{}, fmt.Errorf("encode the question: %w", err)
	}
	return emb, e.checkVector(emb.Vector)
}

func (e *Engine) checkVector(vector []float32) error {
	if want := e.options.Calibration.Dims; len(vector) != want {
		return fmt.Errorf("the model gave a vector of %d numbers, the pack says %d", len(vector), want)
	}
	for _, v := range vector {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return errors.New("the model gave a vector that is not finite")
		}
	}
	return nil
}

func (e *Engine) planLike(ctx context.Context, r *Request, p *plan) error {
	id, err := index.ParseID(r.LikeClip)
	if err != nil {
		return invalid("like_clip", "is not a clip id (16 hexadecimal digits)")
	}
	clip, err := e.store.Clip(ctx, id)
	if errors.Is(err, index.ErrNotFound) {
		return invalid("like_clip", "there is no clip %s; it may have been deleted", r.LikeClip)
	}
	if err != nil {
		return fmt.Errorf("read clip %s: %w", r.LikeClip, err)
	}
	if err := e.checkVector(clip.Vector); err != nil {
		return invalid("like_clip", "clip %s was encoded by another model and cannot be compared", r.LikeClip)
	}
	p.search.Vector = clip.Vector
	p.exclude, p.excluded = id, true
	p.refine = false
	return nil
}

func (e *Engine) planImage(ctx context.Context, r *Request, p *plan) error {
	if e.options.Image == nil {
		return invalid("image", "this service cannot search by picture")
	}
	vector, err := e.options.Image.EncodeImage(ctx, r.Image)
	if err != nil {
		return fmt.Errorf("encode the picture: %w", err)
	}
	if err := e.checkVector(vector); err != nil {
		return err
	}
	p.search.Vector = vector
	p.refine = false
	return nil
}

// withPhrases adds the quoted phrases of the question to the text filter.
func withPhrases(text string, phrases []string) string {
	parts := make([]string, 0, len(phrases)+1)
	if text != "" {
		parts = append(parts, text)
	}
	for _, phrase := range phrases {
		parts = append(parts, strconv.Quote(phrase))
	}
	return strings.Join(parts, " ")
}
