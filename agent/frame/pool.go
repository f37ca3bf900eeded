package frame

import (
	"sync"
	"time"
)

const (
	// Pad is the number of spare bytes that lie behind Pix in a pooled frame
	// (within its capacity), for scalers that write whole vector registers.
	Pad = 64

	// maxIdleBytes bounds what a pool keeps for reuse: a burst of big pictures
	// must not hold memory for ever. 32 MiB are about 75 pictures of 512x288,
	// more than a pipeline has in flight.
	maxIdleBytes = 32 << 20
)

// Pool lends frames and takes their pixels back for reuse. It may be used by
// many goroutines and by several sources with different picture sizes. A nil
// Pool lends frames that the garbage collector takes back.
type Pool struct {
	mu    sync.Mutex
	free  map[int][]*Frame // by len(Pix)
	order []int            // sizes in the order they were first seen, for eviction
	idle  int              // bytes in free
	lent  int
}

// NewPool returns an empty pool.
func NewPool() *Pool {
	return &Pool{free: make(map[int][]*Frame)}
}

// Get lends a frame of w x h pixels with one reference. Its pixels are
// undefined (those of an earlier picture), its other fields are zero. Sizes
// that are not positive give a frame without pixels, which Valid refuses.
func (p *Pool) Get(w, h int) *Frame {
	if w <= 0 || h <= 0 {
		return &Frame{}
	}
	size := 3 * w * h
	if p == nil {
		return &Frame{Pix: make([]byte, size, size+Pad), Width: w, Height: h}
	}
	f := p.take(size)
	if f == nil {
		f = &Frame{Pix: make([]byte, size, size+Pad), pool: p}
	}
	f.Width, f.Height = w, h
	f.Offset, f.Time, f.Key = 0, time.Time{}, false
	f.refs.Store(1)
	return f
}

// Lent returns the number of frames that are out and not yet released. It is 0
// when every stage has given back what it got.
func (p *Pool) Lent() int {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lent
}

// IdleBytes returns the bytes of pixels kept for reuse.
func (p *Pool) IdleBytes() int {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.idle
}

func (p *Pool) take(size int) *Frame {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent++
	list := p.free[size]
	if len(list) == 0 {
		return nil
	}
	f := list[len(list)-1]
	list[len(list)-1] = nil
	p.free[size] = list[:len(list)-1]
	p.idle -= size
	return f
}

func (p *Pool) put(f *Frame) {
	size := len(f.Pix)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lent--
	if size > maxIdleBytes {
		return
	}
	list, known := p.free[size]
	if !known {
		p.order = append(p.order, size)
	}
	p.free[size] = append(list, f)
	p.idle += size
	p.evict(size)
}

// evict drops idle frames, of the sizes not in use first, until the bound
// holds again.
func (p *Pool) evict(inUse int) {
	for i := 0; p.idle > maxIdleBytes && i < len(p.order); {
		size := p.order[i]
		if size == inUse && len(p.order) > i+1 {
			p.order = append(append(p.order[:i:i], p.order[i+1:]...), size)
			continue
		}
		list := p.free[size]
		for p.idle > maxIdleBytes && len(list) > 0 {
			list[len(list)-1] = nil
			list = list[:len(list)-1]
			p.idle -= size
		}
		if len(list) > 0 {
			p.free[size] = list
			return
		}
		delete(p.free, size)
		p.order = append(p.order[:i:i], p.order[i+1:]...)
	}
}
