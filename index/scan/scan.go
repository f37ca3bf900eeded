package scan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/quant"
	"github.com/gembahq/gemba/index/segment"
)

// Query says what to look for. With a vector, rows are ordered by
//
//	score = Vector.v - Alpha*hub - Beta*(Negative.v)
//
// without one, newest first with score 0.
type Query struct {
	Vector   []float32
	Negative []float32 // nil: none
	Alpha    float32
	Beta     float32
	Plain    bool  // score plain vectors where rows have them
	From, To int64 // Unix nanoseconds; a row counts if it overlaps [From, To)
	Limit    int
}

// Always and Never are the bounds of a query without a time filter.
const (
	Always = math.MinInt64
	Never  = math.MaxInt64
)

// ErrQuery marks a query that cannot be scored.
var ErrQuery = errors.New("query vector does not fit")

// Stats say what a scan did.
type Stats struct {
	Scored     int   // rows that passed all filters
	Unreadable int   // rows in blocks that could not be read
	Err        error // why, the first time
}

// gatherBelow is the number of selected rows of a block below which they are
// read one by one: 32 small reads cost about as much as one of 200 kB.
const gatherBelow = 32

type task struct{ job, block int }

// Run scans jobs with a number of workers and returns the best rows, best
// first, ties by rising id. Blocks that cannot be read are counted, not fatal:
// one bad sector must not blind the box. The only errors are ErrQuery and that
// of the context, which is looked at between blocks.
func Run(ctx context.Context, jobs []Job, q Query, workers int) ([]Candidate, Stats, error) {
	if err := q.check(jobs); err != nil {
		return nil, Stats{}, err
	}
	var tasks []task
	for j := range jobs {
		tasks = q.prune(tasks, j, &jobs[j])
	}
	workers = max(1, min(workers, len(tasks)))
	found := make([]topK, workers)
	stats := make([]Stats, workers)
	var next atomic.Int64
	work := func(w int) {
		s := scannerPool.Get().(*scanner)
		defer scannerPool.Put(s)
		found[w].k = q.Limit
		for ctx.Err() == nil {
			i := int(next.Add(1)) - 1
			if i >= len(tasks) {
				return
			}
			s.block(&q, jobs, tasks[i], &found[w], &stats[w])
		}
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { work(w) })
	}
	work(0)
	wg.Wait()
	var total Stats
	for _, s := range stats {
		total.Scored += s.Scored
		total.Unreadable += s.Unreadable
		if total.Err == nil {
			total.Err = s.Err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, total, err
	}
	return merge(q.Limit, found), total, nil
}

func (q *Query) check(jobs []Job) error {
	if q.Limit < 1 {
		return fmt.Errorf("%w: limit %d", ErrQuery, q.Limit)
	}
	if q.Vector == nil {
		return nil
	}
	for _, f := range [][]float32{q.Vector, q.Negative, {q.Alpha, q.Beta}} {
		for _, x := range f {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return fmt.Errorf("%w: it holds %v", ErrQuery, x)
			}
		}
	}
	for _, j := range jobs {
		if d := j.Segment.Dims(); d != len(q.Vector) || q.Negative != nil && d != len(q.Negative) {
			return fmt.Errorf("%w: %d numbers for vectors of %d", ErrQuery, len(q.Vector), d)
		}
	}
	return nil
}

// prune lists the blocks of a job that can hold hits.
func (q *Query) prune(tasks []task, j int, job *Job) []task {
	var it roaring.IntPeekable
	if job.Allow != nil {
		it = job.Allow.Iterator()
	}
	for i := range job.Segment.Blocks() {
		z := job.Segment.Zone(i)
		if z.Start >= q.To || z.End <= q.From && z.Start < q.From {
			continue
		}
		if it != nil {
			it.AdvanceIfNeeded(z.FirstOrd)
			if !it.HasNext() {
				break
			}
			if it.PeekNext() > z.LastOrd {
				continue
			}
		}
		tasks = append(tasks, task{j, i})
	}
	return tasks
}

// Overlaps reports whether a clip counts as inside [from, to): it does if any
// part of it is, or, for a clip without length, its start.
func Overlaps(start, end, from, to int64) bool {
	return start < to && (end > from || start >= from)
}

var scannerPool = sync.Pool{New: func() any { return new(scanner) }}

// scanner is one worker's memory.
type scanner struct {
	buf segment.Buffer
	row []byte
	sel []int
}

func (s *scanner) block(q *Query, jobs []Job, t task, top *topK, st *Stats) {
	job := &jobs[t.job]
	if err := s.scan(q, job, t, top, st); err != nil {
		st.Unreadable += min(segment.BlockRows, job.Segment.Rows()-t.block*segment.BlockRows)
		if st.Err == nil {
			st.Err = err
		}
	}
}

func (s *scanner) scan(q *Query, job *Job, t task, top *topK, st *Stats) error {
	seg := job.Segment
	plain := q.Plain && seg.HasPlain()
	column := segment.Vectors
	if plain {
		column = segment.PlainVectors
	}
	z := seg.Zone(t.block)
	// Where every row will be wanted, one read brings the vectors along.
	whole := q.Vector != nil && job.Allow == nil && z.Start >= q.From && z.Start < q.To && z.End <= q.To
	want := segment.Columns(0)
	if whole {
		want = column
	}
	b, err := seg.Load(t.block, want, &s.buf)
	if err != nil {
		return err
	}
	s.choose(q, job, &b)
	if len(s.sel) == 0 {
		return nil
	}
	if q.Vector == nil {
		st.Scored += len(s.sel)
		for _, i := range s.sel {
			// Microseconds keep every instant of three centuries exact.
			key := float64(b.Start(i) / 1000)
			if top.accepts(key) {
				top.add(s.candidate(job, t.job, &b, i, key))
			}
		}
		return nil
	}
	row := func(i int) ([]byte, error) {
		if plain {
			return b.Plain(i), nil
		}
		return b.Vector(i), nil
	}
	if !whole {
		gather := len(s.sel) < gatherBelow
		if gather {
			v, err := seg.VectorAt(t.block, s.sel[0], plain, s.row)
			if err != nil {
				return err
			}
			gather = v != nil
		}
		if gather {
			row = func(i int) (v []byte, err error) {
				if v, err = seg.VectorAt(t.block, i, plain, s.row); err == nil {
					s.row = v
				}
				return v, err
			}
		} else if b, err = seg.Load(t.block, column, &s.buf); err != nil {
			return err
		}
	}
	return s.score(q, job, t.job, &b, row, top, st)
}

// choose lists the rows of a block that pass all filters.
func (s *scanner) choose(q *Query, job *Job, b *segment.Block) {
	s.sel = s.sel[:0]
	dead := job.Segment.Dead()
	var it roaring.IntPeekable
	if job.Allow != nil {
		it = job.Allow.Iterator()
	}
	for i := range b.N {
		ord := b.Ord(i)
		if it != nil {
			it.AdvanceIfNeeded(ord)
			if !it.HasNext() {
				break
			}
			if it.PeekNext() != ord {
				continue
			}
		}
		if dead != nil && dead.Contains(ord) {
			continue
		}
		if Overlaps(b.Start(i), b.End(i), q.From, q.To) {
			s.sel = append(s.sel, i)
		}
	}
}

func (s *scanner) score(q *Query, job *Job, j int, b *segment.Block, row func(int) ([]byte, error), top *topK, st *Stats) error {
	for _, i := range s.sel {
		v, err := row(i)
		if err != nil {
			return err
		}
		dot := quant.Dot(q.Vector, v)
		score := dot - q.Alpha*b.Hub(i)
		if q.Negative != nil && q.Beta != 0 {
			score -= q.Beta * quant.Dot(q.Negative, v)
		}
		if key := float64(score); top.accepts(key) {
			c := s.candidate(job, j, b, i, key)
			c.Score, c.Dot = score, dot
			top.add(c)
		}
	}
	st.Scored += len(s.sel)
	return nil
}

func (s *scanner) candidate(job *Job, j int, b *segment.Block, i int, key float64) Candidate {
	return Candidate{
		Job: j, ID: uint64(job.Partition)<<32 | uint64(b.Ord(i)), Start: b.Start(i), Duration: b.Duration(i),
		Flags: b.Flags(i), Hub: b.Hub(i), key: key,
	}
}
