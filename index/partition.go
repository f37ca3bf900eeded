package index

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/text"
	"github.com/gembahq/gemba/index/vfs"
)

// partition is one camera's UTC day.
type partition struct {
	store  *Store
	num    uint32
	camera string
	day    int32
	dir    string
	thumbs thumbs

	segs atomic.Pointer[[]*segment.Segment] // live ones, in order of number

	// Pins keep the folder from being removed under a reader.
	pins    int           // under store.mu
	gone    bool          // set once, under store.mu: dropped
	free    chan struct{} // closed when gone and the last pin went
	removed chan struct{} // closed when the folder is removed

	// The rest belongs to the writer.
	mu        sync.Mutex
	nextOrd   uint32
	reserved  uint32     // ordinals below may be given: the manifest says so
	committed uint32     // first ordinal not known durable
	fresh     []text.Doc // appended, not yet durable
	ready     []text.Doc // durable, not yet in the text index
	behind    bool       // ready was let go: compare the text index with the log
	erasing   []uint64   // deleted, not yet durably
	erased    []uint64   // durably deleted, not yet taken out of the text index
	textSeen  uint32     // first ordinal the text index has not seen
	last      time.Time  // of the last append
	awake     bool       // a segment holds files and a block in memory
}

// Ordinals are reserved in the manifest, this many at a time.
const reserveOrds = 4096

// ordGap is left behind the last known ordinal where a manifest is lost: more
// than can have been reserved behind it.
const ordGap = 1 << 20

func (p *partition) segments() []*segment.Segment { return *p.segs.Load() }

func (p *partition) setSegments(list []*segment.Segment) { p.segs.Store(&list) }

func (p *partition) options() segment.Options {
	s := p.store
	return segment.Options{FS: s.fs, Files: s.files, ReadOnly: s.readOnly, Report: s.problems.add, Now: s.o.Now}
}

func (s *Store) newPartition(num uint32, camera string, day int32) *partition {
	p := &partition{store: s, num: num, camera: camera, day: day, free: make(chan struct{}), removed: make(chan struct{})}
	p.dir = path.Join(s.segDir(), dayName(day), camera)
	root := path.Join(s.o.Dir, "thumbs")
	p.thumbs = thumbs{fs: s.fs, files: s.files, root: root, name: path.Join(root, dayName(day), camera), part: num}
	p.setSegments(nil)
	return p
}

// writeManifest makes segments and a reservation of ordinals durable.
func (p *partition) writeManifest(reserved uint32, segs []*segment.Segment) error {
	m := &segment.Manifest{Partition: p.num, Camera: p.camera, Day: p.day, NextOrd: reserved}
	for _, s := range segs {
		m.Segments = append(m.Segments, *s.Header())
	}
	if err := m.Write(p.store.fs, p.dir); err != nil {
		return fmt.Errorf("write manifest of %s: %w", p.dir, err)
	}
	p.reserved = reserved
	p.setSegments(segs)
	return nil
}

// openPartition opens the folder of a camera's day and recovers what is in it.
// It returns nil for a folder without any segment.
func (s *Store) openPartition(day int32, camera string) (*partition, error) {
	dir := path.Join(s.segDir(), dayName(day), camera)
	entries, err := s.fs.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		switch {
		case strings.HasSuffix(e.Name, vfs.TempSuffix):
			if !s.readOnly {
				if err := s.fs.RemoveAll(path.Join(dir, e.Name)); err != nil {
					return nil, err
				}
			}
		case e.Dir && segmentNumber(e.Name) > 0:
			found = append(found, e.Name)
		}
	}
	m, err := s.readManifest(dir, day, camera, found)
	if err != nil || m == nil {
		return nil, err
	}
	p := s.newPartition(m.Partition, camera, day)
	if err := p.open(m, found); err != nil {
		return nil, err
	}
	return p, nil
}

// segmentNumber is the number in a segment folder's name, 0 for another name.
func segmentNumber(name string) uint32 {
	num, rest, ok := strings.Cut(name, "-")
	n, err := strconv.ParseUint(num, 10, 32)
	if !ok || err != nil || len(rest) != 8 {
		return 0
	}
	return uint32(n)
}

// readManifest reads the manifest, or makes it again from the segments found.
func (s *Store) readManifest(dir string, day int32, camera string, found []string) (*segment.Manifest, error) {
	m, err := segment.ReadManifest(s.fs, dir)
	if err == nil {
		if m.Day == day && m.Camera == camera && m.Partition != 0 {
			return m, nil
		}
		err = &segment.CorruptError{Path: path.Join(dir, segment.ManifestName), Reason: "belongs to another camera or day"}
	}
	missing := errors.Is(err, fs.ErrNotExist)
	if !missing && !errors.Is(err, ErrCorrupt) {
		return nil, err
	}
	m = &segment.Manifest{Camera: camera, Day: day}
	for _, name := range found {
		h, herr := segment.ReadHeader(s.fs, path.Join(dir, name))
		if errors.Is(herr, ErrNewerVersion) {
			return nil, herr
		}
		if herr != nil || h.Day != day || h.Camera != camera || m.Partition != 0 && h.Partition != m.Partition {
			s.problems.add(Problem{Path: path.Join(dir, name), Reason: "segment is in no manifest and cannot be identified"})
			continue
		}
		m.Partition = h.Partition
		m.Segments = append(m.Segments, h)
	}
	if len(m.Segments) == 0 {
		if !missing {
			s.problems.add(Problem{Path: dir, Reason: err.Error() + "; and no segment can be read"})
		}
		return nil, nil
	}
	slices.SortFunc(m.Segments, func(a, b segment.Header) int { return int(a.Number) - int(b.Number) })
	m.NextOrd = ordGap
	for _, h := range m.Segments {
		g, err := segment.Open(path.Join(dir, h.Dir()), h, segment.Options{FS: s.fs, Files: s.files, ReadOnly: true})
		if err != nil {
			continue // dealt with when it is opened for good
		}
		if last, ok := g.View().LastOrd(); ok {
			m.NextOrd = max(m.NextOrd, last+ordGap)
		}
	}
	if !s.readOnly {
		if err := m.Write(s.fs, dir); err != nil {
			return nil, err
		}
	}
	// Without a manifest, and with nothing in the segments, this is a day that
	// was just being begun.
	if !missing {
		s.problems.add(Problem{Path: path.Join(dir, segment.ManifestName), Reason: err.Error(), Repaired: !s.readOnly})
	}
	return m, nil
}

func (p *partition) open(m *segment.Manifest, found []string) error {
	s := p.store
	var segs []*segment.Segment
	changed := false
	named := map[string]bool{}
	for _, h := range m.Segments {
		named[h.Dir()] = true
		dir := path.Join(p.dir, h.Dir())
		g, err := segment.Open(dir, h, p.options())
		switch {
		case err == nil:
			segs = append(segs, g)
			if last, ok := g.View().LastOrd(); ok {
				p.committed = max(p.committed, last+1)
			}
		case errors.Is(err, ErrCorrupt), errors.Is(err, fs.ErrNotExist):
			if qerr := p.quarantine(dir, err); qerr != nil {
				return qerr
			}
			changed = true
		default:
			return err
		}
	}
	for _, name := range found {
		if !named[name] {
			if err := p.dropOrphan(name); err != nil {
				return err
			}
		}
	}
	p.nextOrd = max(p.committed, m.NextOrd)
	p.reserved = p.nextOrd
	p.setSegments(segs)
	if changed && !s.readOnly {
		if err := p.writeManifest(p.reserved, segs); err != nil {
			// It would be found the same way again; a full disk must not keep
			// the box from answering.
			s.o.Logger.Warn("index: manifest not written", "dir", p.dir, "error", err)
		}
	}
	for _, g := range segs {
		// What recovery read need not be read again; a full disk only means
		// that it will be.
		if err := g.Seal(true); err != nil {
			s.o.Logger.Warn("index: recovered day not sealed", "dir", p.dir, "error", err)
		}
	}
	return nil
}

// quarantine sets a segment aside that cannot be opened at all.
func (p *partition) quarantine(dir string, cause error) error {
	s := p.store
	x := Problem{Path: dir, Reason: cause.Error()}
	if !s.readOnly && errors.Is(cause, ErrCorrupt) {
		aside := dir + ".corrupt"
		if err := s.fs.RemoveAll(aside); err != nil {
			return err
		}
		if err := s.fs.Rename(dir, aside); err != nil {
			return err
		}
		if err := s.fs.SyncDir(p.dir); err != nil {
			return err
		}
		x.Reason += "; set aside as " + path.Base(aside)
	}
	s.problems.add(x)
	return nil
}

// dropOrphan removes a segment folder that no manifest names, if it is empty:
// one that was made and not yet named. Another one is left for a person.
func (p *partition) dropOrphan(name string) error {
	s := p.store
	dir := path.Join(p.dir, name)
	size, err := s.fs.Size(path.Join(dir, "log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if size > segment.HeaderLen {
		s.problems.add(Problem{Path: dir, Reason: "segment is in no manifest"})
		return nil
	}
	if s.readOnly {
		return nil
	}
	return s.fs.RemoveAll(dir)
}

// reserve makes sure that n ordinals from nextOrd on may be given, and returns
// up to where.
func (p *partition) reserve(n int) (uint32, error) {
	want := uint64(p.nextOrd) + uint64(n)
	if want <= uint64(p.reserved) {
		return p.reserved, nil
	}
	if want+reserveOrds > math.MaxUint32 {
		return 0, fmt.Errorf("%w: the ordinals of camera %s on %s are used up", ErrInvalidClip, p.camera, dayName(p.day))
	}
	return uint32(want) + reserveOrds, nil
}

// writer finds or makes the segment that takes n clips of a pack, and reserves
// their ordinals; mu is held.
func (p *partition) writer(pack [32]byte, dims int, plain bool, n int) (*segment.Segment, error) {
	reserved, err := p.reserve(n)
	if err != nil {
		return nil, err
	}
	segs := p.segments()
	number := uint32(0)
	for i := len(segs) - 1; i >= 0; i-- {
		h := segs[i].Header()
		if h.Pack == pack && h.Dims == dims && h.Plain == plain {
			if reserved != p.reserved {
				err = p.writeManifest(reserved, segs)
			}
			return segs[i], err
		}
		number = max(number, h.Number)
	}
	// A number that lies aside damaged must not come again either.
	entries, err := p.store.fs.ReadDir(p.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		num, _, _ := strings.Cut(e.Name, "-")
		if n, err := strconv.ParseUint(num, 10, 32); err == nil {
			number = max(number, uint32(n))
		}
	}
	h := segment.Header{Partition: p.num, Number: number + 1, Day: p.day, Dims: dims, Plain: plain, Pack: pack,
		Created: p.store.o.Now().Unix(), Camera: p.camera}
	g, err := segment.Create(p.dir, h, p.options())
	if err != nil {
		return nil, err
	}
	if err := p.writeManifest(reserved, append(slices.Clone(segs), g)); err != nil {
		g.Abandon()
		_ = p.store.fs.RemoveAll(path.Join(p.dir, h.Dir())) // best effort: open removes it
		return nil, err
	}
	return g, nil
}

// span is the earliest start and the latest end of the partition's rows.
func (p *partition) span() (start, end int64, ok bool) {
	for _, g := range p.segments() {
		a, b, have := g.View().Span()
		if !have {
			continue
		}
		if !ok {
			start, end, ok = a, b, true
		}
		start, end = min(start, a), max(end, b)
	}
	return start, end, ok
}

// find returns the view that holds an ordinal.
func (p *partition) find(ord uint32) (segment.View, error) {
	for _, g := range p.segments() {
		v := g.View()
		if _, _, err := v.Find(ord); err == nil {
			return v, nil
		} else if !errors.Is(err, ErrNotFound) {
			return v, err
		}
	}
	return segment.View{}, ErrNotFound
}
