package tune

import (
	"fmt"
	"math"
	"slices"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index/eval"
)

// Verdict says whether the candidate may answer, by the questions that no run
// learns from.
type Verdict struct {
	Promote    bool            `json:"promote"`
	Reason     string          `json:"reason"`
	Before     eval.Score      `json:"before"` // mean nDCG of the head that answers now
	After      eval.Score      `json:"after"`  // of the candidate
	Comparison eval.Comparison `json:"comparison"`
}

// judge compares the candidate with the head that answers now, question by
// question. It may answer only if the whole bootstrap interval of the
// difference lies above zero.
func (t *trainer) judge(candidate *head.Params[float32]) (Verdict, error) {
	now := t.options.Start
	if now == nil {
		now = head.NewParams[float32](t.options.Config)
	}
	before, after := t.ndcg(now, HeldOut), t.ndcg(candidate, HeldOut)
	v := Verdict{Before: eval.Score(defined(before)), After: eval.Score(defined(after))}
	n := 0
	for i := range before {
		if !math.IsNaN(before[i]) && !math.IsNaN(after[i]) {
			n++
		}
	}
	if n < t.options.MinHeldOut {
		v.Comparison = eval.Comparison{Difference: nan, Low: nan, High: nan, P: nan, Queries: n, LeftOut: len(before) - n}
		v.Reason = fmt.Sprintf("only %d held-out questions have clips of different grades, at least %d are needed: grade clips of more questions", n, t.options.MinHeldOut)
		return v, nil
	}
	c, err := eval.Bootstrap{Seed: t.options.Seed}.Compare(before, after)
	if err != nil {
		return v, fmt.Errorf("judge the candidate: %w", err)
	}
	v.Comparison = c
	if v.Promote = c.Low > 0; v.Promote {
		v.Reason = fmt.Sprintf("nDCG of %d held-out questions rises from %v to %v", n, v.Before, v.After)
	} else {
		v.Reason = fmt.Sprintf("nDCG of %d held-out questions goes from %v to %v: the interval of the difference, %v to %v, does not lie above zero", n, v.Before, v.After, c.Low, c.High)
	}
	return v, nil
}

var nan = eval.Score(math.NaN())

// defined is the mean of the figures that are numbers.
func defined(v []float64) float64 {
	sum, n := 0.0, 0
	for _, x := range v {
		if !math.IsNaN(x) {
			sum, n = sum+x, n+1
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}

// choosing is the mean nDCG on the questions kept for choosing; below 0: there
// are none that say anything.
func (t *trainer) choosing() float64 {
	if m := defined(t.ndcg(t.params, Choose)); !math.IsNaN(m) {
		return m
	}
	return -1
}

// ndcg is the nDCG of each question of a part: its graded clips ranked by
// score, the gain being their relevancy. NaN where all have one grade, since
// every order of them is as good.
func (t *trainer) ndcg(p *head.Params[float32], part Part) []float64 {
	var questions []*Question
	for i := range t.data.Questions {
		if q := &t.data.Questions[i]; q.Part == part {
			questions = append(questions, q)
		}
	}
	out := make([]float64, len(questions))
	t.crew.do(func(shard int) {
		for i := shard; i < len(questions); i += shards {
			out[i] = t.questionNDCG(p, questions[i])
		}
	})
	return out
}

func (t *trainer) questionNDCG(p *head.Params[float32], q *Question) float64 {
	if !q.contrast() {
		return math.NaN()
	}
	scores, relevancy := make([]float32, len(q.pairs)), make([]float64, len(q.pairs))
	order := make([]int32, len(q.pairs))
	for i, pair := range q.pairs {
		score, err := p.Score(q.query, t.data.clip(pair))
		if err != nil || score != score {
			return math.NaN()
		}
		scores[i], relevancy[i], order[i] = score, pair.relevancy, int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	return eval.OfficialNDCG(relevancy, order)
}
