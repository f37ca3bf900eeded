package preprocess

import (
	"fmt"
	"sync"
)

// Config says what a model expects.
type Config struct {
	Width, Height int        // of the model's input, in pixels
	Mean, Std     [3]float32 // per channel, on the scale 0..255; Std not 0
	Filter        Filter
	Views         []string // names as in View, at least one
}

// Preprocessor makes pixel tensors of frames. It is safe for concurrent use
// and, once it has seen a frame size, allocates nothing.
type Preprocessor struct {
	width, height int
	filter        Filter
	views         []View
	lut           [3][256]float32 // normalised value per channel and byte
	scratch       sync.Pool

	mu    sync.RWMutex
	plans map[planKey]*plan
}

// maxPlans bounds the remembered frame sizes; photo collections have many.
const maxPlans = 64

type planKey struct{ view, w, h int }

// plan is everything that depends only on the frame's size and the view.
type plan struct {
	geometry
	across, down taps
	downFirst    bool
	x0, x1       int // columns of the scaled part that the horizontal pass reads
	y0, y1       int // rows of the scaled part that the vertical pass reads
}

// scratch is the memory of one render; buffers grow to what was needed last.
type scratch struct {
	rows []byte // between the passes: rows of the first one's result
	tail []byte // copy of a row that ends where the frame's memory ends
	out  []byte // the row handed out
	acc  []uint64
}

// New checks c. Errors name the field at fault.
func New(c Config) (*Preprocessor, error) {
	if c.Width < 1 || c.Height < 1 || c.Width > 4096 || c.Height > 4096 {
		return nil, fmt.Errorf("input of %d x %d pixels: each side must be 1 to 4096", c.Width, c.Height)
	}
	if len(c.Views) == 0 {
		return nil, fmt.Errorf("no views: at least one is needed, such as squash")
	}
	p := &Preprocessor{width: c.Width, height: c.Height, filter: c.Filter, plans: map[planKey]*plan{}}
	for _, name := range c.Views {
		v, err := ParseView(name, c.Width, c.Height)
		if err != nil {
			return nil, err
		}
		p.views = append(p.views, v)
	}
	for ch := range p.lut {
		if !(c.Std[ch] > 0) {
			return nil, fmt.Errorf("std of channel %d is %v: it must be positive", ch, c.Std[ch])
		}
		for v := range p.lut[ch] {
			p.lut[ch][v] = (float32(v) - c.Mean[ch]) / c.Std[ch]
		}
	}
	p.scratch.New = func() any { return new(scratch) }
	return p, nil
}

// Views is the number of views.
func (p *Preprocessor) Views() int { return len(p.views) }

// Len is the number of values of one tensor: 3 * Height * Width.
func (p *Preprocessor) Len() int { return 3 * p.width * p.height }

// Tensor writes one view of a frame as [3, Height, Width] into dst, which must
// have Len values. pix holds h rows of w RGB pixels without gaps. It returns an
// error if sizes and lengths don't fit together.
func (p *Preprocessor) Tensor(dst []float32, view int, pix []byte, w, h int) error {
	if len(dst) != p.Len() {
		return fmt.Errorf("a tensor of %d values, want %d", len(dst), p.Len())
	}
	area := p.width * p.height
	return p.render(view, pix, w, h, func(y int, row []byte) {
		r := dst[y*p.width : (y+1)*p.width]
		g := dst[area+y*p.width:][:len(r)]
		b := dst[2*area+y*p.width:][:len(r)]
		for x := range r {
			px := row[3*x : 3*x+3 : 3*x+3]
			r[x], g[x], b[x] = p.lut[0][px[0]], p.lut[1][px[1]], p.lut[2][px[2]]
		}
	})
}

// RGB writes one view of a frame as Height rows of Width RGB pixels into dst,
// before normalisation.
func (p *Preprocessor) RGB(dst []byte, view int, pix []byte, w, h int) error {
	if len(dst) != p.Len() {
		return fmt.Errorf("a picture of %d bytes, want %d", len(dst), p.Len())
	}
	return p.render(view, pix, w, h, func(y int, row []byte) { copy(dst[y*p.width*3:(y+1)*p.width*3], row) })
}

// render calls emit for every row of the output, from the top.
func (p *Preprocessor) render(view int, pix []byte, w, h int, emit func(y int, row []byte)) error {
	if view < 0 || view >= len(p.views) {
		return fmt.Errorf("view %d of %d", view, len(p.views))
	}
	if w < 1 || h < 1 || w > 1<<16 || h > 1<<16 || len(pix) != w*h*3 {
		return fmt.Errorf("a frame of %d x %d pixels with %d bytes of RGB", w, h, len(pix))
	}
	pl := p.plan(view, w, h)
	s := p.scratch.Get().(*scratch)
	defer p.scratch.Put(s)
	if pl.downFirst {
		p.downAcross(pl, s, pix, w, emit)
	} else {
		p.acrossDown(pl, s, pix, w, emit)
	}
	return nil
}

// acrossDown scales all rows that are needed, then combines them.
func (p *Preprocessor) acrossDown(pl *plan, s *scratch, pix []byte, w int, emit func(y int, row []byte)) {
	row := 3 * p.width
	n := pl.y1 - pl.y0
	s.rows = grow(s.rows, n*row)
	for y := 0; y < n; y += 2 {
		second := min(y+1, n-1)
		a, b := p.sourceRow(pl, s, pix, w, pl.y0+y), p.sourceRow(pl, s, pix, w, pl.y0+second)
		if pl.across.identity {
			copy(s.rows[y*row:][:row], a[3*pl.across.start[0]:])
			copy(s.rows[second*row:][:row], b[3*pl.across.start[0]:])
			continue
		}
		horizontal(s.rows[y*row:][:row], s.rows[second*row:][:row], a, b, &pl.across)
	}
	padded := (row + 7) &^ 7
	s.out, s.acc = grow(s.out, padded), grow(s.acc, padded/2)
	for y := range p.height {
		from := s.rows[(int(pl.down.start[y])-pl.y0)*row:]
		if pl.down.identity {
			emit(y, from[:row])
			continue
		}
		vertical(s.out, from, row, row, pl.down.weight[y*pl.down.stride:][:pl.down.n[y]], s.acc)
		emit(y, s.out[:row])
	}
}

// downAcross combines source rows into one of the output, then scales it.
func (p *Preprocessor) downAcross(pl *plan, s *scratch, pix []byte, w int, emit func(y int, row []byte)) {
	row := 3 * p.width
	wide := (pl.x1 - pl.x0) * 3
	padded := (wide + 7) &^ 7
	// The combined row sits where its pixels are in the source row, so that the
	// same taps apply, with room for the byte read beyond.
	s.rows, s.acc, s.out = grow(s.rows, 3*pl.x0+padded+1), grow(s.acc, padded/2), grow(s.out, row)
	for y := range p.height {
		from := pix[((pl.top+int(pl.down.start[y]))*w+pl.left+pl.x0)*3:]
		vertical(s.rows[3*pl.x0:][:padded], from, wide, 3*w, pl.down.weight[y*pl.down.stride:][:pl.down.n[y]], s.acc)
		horizontal(s.out, s.out, s.rows, s.rows, &pl.across)
		emit(y, s.out)
	}
}

// sourceRow is row y of the part that is scaled, readable one byte beyond.
func (p *Preprocessor) sourceRow(pl *plan, s *scratch, pix []byte, w, y int) []byte {
	at := ((pl.top+y)*w + pl.left) * 3
	end := at + pl.width*3
	if end < len(pix) {
		return pix[at : end+1]
	}
	s.tail = grow(s.tail, pl.width*3+1)
	copy(s.tail, pix[at:end])
	return s.tail
}

func (p *Preprocessor) plan(view, w, h int) *plan {
	key := planKey{view, w, h}
	p.mu.RLock()
	pl := p.plans[key]
	p.mu.RUnlock()
	if pl != nil {
		return pl
	}
	g := p.views[view].of(w, h, p.width, p.height)
	pl = &plan{geometry: g}
	pl.across = newTaps(p.filter, g.width, g.toWidth, g.x, p.width)
	if p.views[view].mirror {
		pl.across = pl.across.mirrored(g.width)
		pl.left = w - g.left - g.width
	}
	pl.down = newTaps(p.filter, g.height, g.toHeight, g.y, p.height)
	pl.downFirst = downFirst(g.width, g.height, g.toWidth, g.toHeight)
	pl.x0, pl.x1 = pl.across.span()
	pl.y0, pl.y1 = pl.down.span()

	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.plans) >= maxPlans {
		clear(p.plans)
	}
	p.plans[key] = pl
	return pl
}

func grow[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}
