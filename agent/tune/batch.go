package tune

import "math/rand/v2"

// drawnAbove is the relevancy above which a pair can be the drawn one that
// others are compared with.
const drawnAbove = 0.1

// sample is one pair of a batch.
type sample struct {
	question int // in Dataset.Questions
	pair
}

// batches deals the questions of an epoch out, in an order that depends on seed
// and epoch alone. Questions stay whole, at most pairsAtOnce of their pairs each.
func (d *Dataset) batches(seed uint64, epoch, batchPairs, pairsAtOnce int) [][]sample {
	rng := rand.New(rand.NewPCG(seed, uint64(epoch)))
	var use []int
	for i := range d.Questions {
		if d.Questions[i].Part == Train {
			use = append(use, i)
		}
	}
	rng.Shuffle(len(use), func(i, j int) { use[i], use[j] = use[j], use[i] })
	var out [][]sample
	var batch []sample
	for _, i := range use {
		pairs := d.Questions[i].pairs
		order := rng.Perm(len(pairs))
		if len(order) > pairsAtOnce {
			order = order[:pairsAtOnce]
		}
		if len(batch) > 0 && len(batch)+len(order) > batchPairs {
			out, batch = append(out, batch), nil
		}
		for _, k := range order {
			batch = append(batch, sample{i, pairs[k]})
		}
	}
	if len(batch) > 0 {
		out = append(out, batch)
	}
	return out
}

// gradedLoss is the SMS loss over graded pairs: every pair above drawnAbove is a
// drawn one, compared with all other known pairs of its question (anchor: the
// sentence) and of its clip (anchor: the clip). Pairs that nobody graded take no
// part. It returns the gradient to the scores.
func (o SMS) gradedLoss(batch []sample, scores []float32) (loss float64, grad []float32, terms int) {
	grad = make([]float32, len(batch))
	sum, slopes := 0.0, make([]float64, len(batch))
	for a := range batch {
		if batch[a].relevancy <= drawnAbove {
			continue
		}
		for b := range batch {
			if a == b || batch[a].question != batch[b].question && batch[a].clip != batch[b].clip {
				continue
			}
			value, slope := o.term(float64(scores[a])-float64(scores[b]), batch[a].relevancy-batch[b].relevancy)
			sum += value
			slopes[a] += slope
			slopes[b] -= slope
			terms++
		}
	}
	if terms == 0 {
		return 0, grad, 0
	}
	for i, s := range slopes {
		grad[i] = float32(s / float64(terms))
	}
	return sum / float64(terms), grad, terms
}
