package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

var (
	// ErrNewerVersion is returned by Open for a ledger of a later program.
	ErrNewerVersion = errors.New("the footage ledger was written by a newer version of this program")
	// ErrNotFound is returned by Locate for content that lies nowhere any more.
	ErrNotFound = errors.New("no file holds this footage any more")
)

// Ledger is the open record of footage files. It is safe for concurrent use by
// one process; the lock of the data folder keeps others away.
type Ledger struct {
	dir string

	mu      sync.RWMutex
	file    *os.File
	size    int64 // bytes of the file that hold whole records
	lines   int
	dropped int
	entries map[id]*known
	places  map[placeID]*known
	byKey   map[string][]*known
}

type id struct{ camera, key string }

type placeID struct{ camera, path string }

// known is the newest entry of a content, with every place it was seen in, newest last.
type known struct {
	entry  Entry
	places []place
}

// Open reads the ledger in dir, which is made if it is not there.
func Open(dir string) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open footage ledger: %w", err)
	}
	l := &Ledger{dir: dir}
	l.forget()
	data, err := os.ReadFile(l.path())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open footage ledger: %w", err)
	}
	c := decode(data)
	if c.version > formatVersion {
		return nil, fmt.Errorf("open footage ledger %s: %w (format %d, this is %d)", l.path(), ErrNewerVersion, c.version, formatVersion)
	}
	for _, e := range c.entries {
		l.remember(e)
	}
	l.lines, l.size, l.dropped = len(c.entries), c.good, c.damaged
	if c.version == 0 || c.damaged > 0 || l.outdated() {
		err = l.rewrite()
	} else {
		err = l.reopen()
	}
	if err != nil {
		return nil, fmt.Errorf("open footage ledger: %w", err)
	}
	return l, nil
}

func (l *Ledger) path() string { return filepath.Join(l.dir, "ledger") }

func (l *Ledger) forget() {
	l.entries, l.places, l.byKey = map[id]*known{}, map[placeID]*known{}, map[string][]*known{}
}

// remember takes an entry into memory.
func (l *Ledger) remember(e Entry) {
	k := l.entries[id{e.Camera, e.Key}]
	if k == nil {
		k = &known{}
		l.entries[id{e.Camera, e.Key}] = k
		l.byKey[e.Key] = append(l.byKey[e.Key], k)
	}
	k.entry = e
	l.places[placeID{e.Camera, e.Path}] = k
	// A place holds one content: forget those that another content has taken
	// over, and put this one last.
	k.places = slices.DeleteFunc(k.places, func(p place) bool {
		return p.path == e.Path || l.places[placeID{e.Camera, p.path}] != k
	})
	k.places = append(k.places, place{e.Path, e.Size, e.Modified})
}

// outdated tells whether rewriting would make the file much smaller.
func (l *Ledger) outdated() bool { return l.lines > 2*len(l.places)+1000 }

// reopen opens the file for appending and cuts off a torn last line.
func (l *Ledger) reopen() error {
	f, err := os.OpenFile(l.path(), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && info.Size() != l.size {
		err = f.Truncate(l.size)
	}
	if err != nil {
		f.Close()
		return err
	}
	l.file = f
	return nil
}

// rewrite writes what is remembered as a new file in place of the old one.
func (l *Ledger) rewrite() error {
	all := slices.Collect(maps.Values(l.entries))
	// In the order they were put: of two contents that were seen in one place the later one has it.
	slices.SortFunc(all, func(a, b *known) int { return a.entry.Updated.Compare(b.entry.Updated) })
	out := header()
	lines := 0
	for _, k := range all {
		for _, p := range k.places {
			e := k.entry
			e.Path, e.Size, e.Modified = p.path, p.size, p.modified
			line, err := encodeRecord(e)
			if err != nil {
				return err
			}
			out = append(out, line...)
			lines++
		}
	}
	tmp := l.path() + ".tmp"
	f, err := os.OpenFile(tmp, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(out)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(tmp, l.path())
	}
	if err == nil {
		err = syncDir(l.dir)
	}
	if err != nil {
		f.Close()
		os.Remove(tmp)
		return err
	}
	if l.file != nil {
		l.file.Close()
	}
	l.file, l.size, l.lines = f, int64(len(out)), lines
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Put records an entry durably. When it fails, of a full disk for example, the
// ledger is as it was before and may be used on.
func (l *Ledger) Put(e Entry) error {
	e.Updated = time.Now().UTC()
	e.Start, e.Modified = e.Start.UTC(), e.Modified.UTC()
	line, err := encodeRecord(e)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return fmt.Errorf("write footage ledger: %w", fs.ErrClosed)
	}
	_, err = l.file.WriteAt(line, l.size)
	if err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		// Half a line would swallow the next one.
		_ = l.file.Truncate(l.size)
		return fmt.Errorf("write footage ledger: %w", err)
	}
	l.size += int64(len(line))
	l.lines++
	l.remember(e)
	return nil
}

// Lookup returns what is known of a content of a camera.
func (l *Ledger) Lookup(camera, key string) (Entry, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if k := l.entries[id{camera, key}]; k != nil {
		return k.entry, true
	}
	return Entry{}, false
}

// Unchanged returns what is known of a file that has the size and modification
// time it had when it was last met, so that its content need not be read.
func (l *Ledger) Unchanged(camera, path string, size int64, modified time.Time) (Entry, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	k := l.places[placeID{camera, path}]
	if k == nil {
		return Entry{}, false
	}
	for _, p := range k.places {
		if p.path == path && p.size == size && p.modified.Equal(modified) {
			return k.entry, true
		}
	}
	return Entry{}, false
}

// Locate returns the path of a file that holds the content now: of all places
// it was seen in under any camera the newest that still has it. The error wraps ErrNotFound.
func (l *Ledger) Locate(ctx context.Context, key string) (string, error) {
	l.mu.RLock()
	var places []place
	for _, k := range l.byKey[key] {
		for i := len(k.places) - 1; i >= 0; i-- {
			places = append(places, k.places[i])
		}
	}
	l.mu.RUnlock()
	for _, p := range places {
		info, err := os.Stat(p.path)
		if err != nil || info.Size() != p.size {
			continue
		}
		if info.ModTime().Equal(p.modified) {
			return p.path, nil
		}
		if now, _, err := Fingerprint(ctx, p.path); err == nil && now == key {
			return p.path, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return "", ErrNotFound
}

// Stats are counts of a ledger.
type Stats struct {
	Files   int // contents, by camera
	Started int // of them not yet taken in to the end
	Damaged int // records that Open had to leave out
}

// Stats returns the counts.
func (l *Ledger) Stats() Stats {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s := Stats{Files: len(l.entries), Damaged: l.dropped}
	for _, k := range l.entries {
		if k.entry.State != Done {
			s.Started++
		}
	}
	return s
}

// Close closes the file. Everything put is durable already.
func (l *Ledger) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}
