package eval

import (
	"fmt"
	"math/bits"
)

// Classes is what a relevancy is made of: the verb class and the noun classes
// of a clip or of a sentence.
type Classes struct {
	Verb  int
	Nouns []int // at least one; repeats count once
}

// Relevancy is the soft relevancy matrix of EK-100, built from classes as it
// is read: at 9,668 x 3,842 the finished table would take 297 MB.
//
//	R[i][j] = ( [verbs equal] + |nouns of both| / |nouns of either| ) / 2
type Relevancy struct {
	rows, cols []classSet
}

// classSet keeps the noun classes as a bit set, so that the intersection of
// two sets is a few machine words.
type classSet struct {
	verb  int
	nouns []uint64
	count int
}

// maxNounClass bounds the bit sets; EK-100 has 300 noun classes.
const maxNounClass = 1 << 16

// NewRelevancy prepares the matrix of the given clips and sentences. Every
// clip and sentence must have at least one noun class, and no class may be
// negative or absurdly large.
func NewRelevancy(clips, sentences []Classes) (*Relevancy, error) {
	if len(clips) == 0 || len(sentences) == 0 {
		return nil, fmt.Errorf("relevancy of %d clips and %d sentences: both are needed", len(clips), len(sentences))
	}
	words := 1
	for _, side := range [][]Classes{clips, sentences} {
		for _, c := range side {
			for _, n := range c.Nouns {
				if n >= 0 && n < maxNounClass {
					words = max(words, n/64+1)
				}
			}
		}
	}
	var r Relevancy
	var err error
	if r.rows, err = newClassSets("clip", clips, words); err != nil {
		return nil, err
	}
	if r.cols, err = newClassSets("sentence", sentences, words); err != nil {
		return nil, err
	}
	return &r, nil
}

func newClassSets(kind string, classes []Classes, words int) ([]classSet, error) {
	sets := make([]classSet, len(classes))
	for i, c := range classes {
		if len(c.Nouns) == 0 {
			return nil, fmt.Errorf("%s %d has no noun class", kind, i)
		}
		s := classSet{verb: c.Verb, nouns: make([]uint64, words)}
		for _, n := range c.Nouns {
			if n < 0 || n >= maxNounClass {
				return nil, fmt.Errorf("%s %d has noun class %d; classes lie between 0 and %d", kind, i, n, maxNounClass-1)
			}
			s.nouns[n/64] |= 1 << (n % 64)
		}
		for _, w := range s.nouns {
			s.count += bits.OnesCount64(w)
		}
		sets[i] = s
	}
	return sets, nil
}

// Dims implements Matrix.
func (r *Relevancy) Dims() (rows, cols int) { return len(r.rows), len(r.cols) }

// Row implements Matrix.
func (r *Relevancy) Row(i int, dst []float64) {
	for j := range r.cols {
		dst[j] = relevancyOf(&r.rows[i], &r.cols[j])
	}
}

// Columns implements Matrix.
func (r *Relevancy) Columns(from int, dst [][]float64) {
	for k := range dst {
		for i := range r.rows {
			dst[k][i] = relevancyOf(&r.rows[i], &r.cols[from+k])
		}
	}
}

// relevancyOf computes (verb + inter/union) / 2 in this very order: the sums
// and hashes of the published matrix depend on it.
func relevancyOf(a, b *classSet) float64 {
	inter := 0
	for w, x := range a.nouns {
		inter += bits.OnesCount64(x & b.nouns[w])
	}
	verb := 0.0
	if a.verb == b.verb {
		verb = 1
	}
	return (verb + float64(inter)/float64(a.count+b.count-inter)) / 2
}
