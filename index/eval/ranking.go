package eval

import (
	"math"
	"slices"
)

// ranking sorts the candidates of one query. It is reused from query to query
// so that evaluating a large table allocates per worker, not per query.
//
// The sort is a radix sort over the bits of the similarities: stable, as the
// tie orders demand, and several times faster than comparing on the thousands
// of candidates of a real table.
type ranking struct {
	keyed, spare []keyedIndex
	order        []int32
}

type keyedIndex struct {
	key   uint64
	index int32
}

// sort ranks by descending similarity; equal similarities keep ascending
// index. This is the order the official mAP sees (it sorts the negated
// similarities ascending, stably). The result is valid until the next call.
func (r *ranking) sort(similarity []float64) []int32 {
	n := len(similarity)
	r.keyed = slices.Grow(r.keyed[:0], n)[:n]
	r.spare = slices.Grow(r.spare[:0], n)[:n]
	r.order = slices.Grow(r.order[:0], n)[:n]

	var counts [8][256]int32 // of each byte of the keys, lowest byte first
	for i, s := range similarity {
		key := descendingKey(s)
		r.keyed[i] = keyedIndex{key: key, index: int32(i)}
		for b := range counts {
			counts[b][byte(key>>(8*b))]++
		}
	}
	for b := range counts {
		r.distribute(8*b, &counts[b])
	}
	for i, k := range r.keyed {
		r.order[i] = k.index
	}
	return r.order
}

// distribute moves the keys, stably, into the order of their byte at shift.
func (r *ranking) distribute(shift int, counts *[256]int32) {
	var at int32
	for v, c := range counts {
		if int(c) == len(r.keyed) {
			return // all keys agree here, as the low bytes of widened float32 do
		}
		counts[v] = at
		at += c
	}
	for _, k := range r.keyed {
		slot := &counts[byte(k.key>>shift)]
		r.spare[*slot] = k
		*slot++
	}
	r.keyed, r.spare = r.spare, r.keyed
}

// reverseTies turns the last sorted order into the one the official nDCG sees:
// it sorts ascending, stably, and reverses, so equal similarities end up in
// descending index. The order returned by sort is overwritten.
func (r *ranking) reverseTies() []int32 {
	for i := 0; i < len(r.keyed); {
		j := i + 1
		for j < len(r.keyed) && r.keyed[j].key == r.keyed[i].key {
			j++
		}
		if j-i > 1 {
			slices.Reverse(r.order[i:j])
		}
		i = j
	}
	return r.order
}

// descendingKey maps a finite float64 to an integer whose ascending order is
// the descending order of the floats. Both zeros get the same key: they are
// equal, so they must tie.
func descendingKey(f float64) uint64 {
	b := math.Float64bits(f + 0)
	if b>>63 != 0 {
		return b // negative: larger magnitude, smaller value, larger key
	}
	return ^b &^ (1 << 63)
}
