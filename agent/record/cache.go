package record

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// inUse is how long a file stays after it was asked for: whoever asked must
// have the time to open it. An open file outlives its name.
const inUse = time.Minute

// cutTime bounds one cut, which only copies: a disk that takes longer is not answering.
const cutTime = 2 * time.Minute

// cache keeps cut videos as <dir>/<key>-<offset in ns>.mp4: the offset is part
// of the name, so that the folder needs no table. What was asked for longest
// ago goes first. Everything in it can be made again.
type cache struct {
	dir string
	max int64
	now func() time.Time

	mu     sync.Mutex
	files  map[string]*cached // by key
	bytes  int64
	making map[string]*making
}

type cached struct {
	path   string
	offset time.Duration
	bytes  int64
	asked  time.Time
}

// making is a cut that is going on; done is closed when its result is set.
type making struct {
	done   chan struct{}
	cancel context.CancelFunc
	wanted int // callers who wait for it
	path   string
	offset time.Duration
	err    error
}

func openCache(dir string, maxBytes int64) (*cache, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	c := &cache{dir: dir, max: maxBytes, now: time.Now, files: map[string]*cached{}, making: map[string]*making{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		key, offset, ok := parseName(e.Name())
		info, err := e.Info()
		if !ok || err != nil || !info.Mode().IsRegular() {
			if !e.IsDir() {
				os.Remove(path) // a cut that was not finished
			}
			continue
		}
		if old := c.files[key]; old != nil {
			c.drop(key)
		}
		c.files[key] = &cached{path, offset, info.Size(), info.ModTime()}
		c.bytes += info.Size()
	}
	c.shrink()
	return c, nil
}

func fileName(key string, offset time.Duration) string {
	return key + "-" + strconv.FormatInt(int64(offset), 10) + ".mp4"
}

func parseName(name string) (key string, offset time.Duration, ok bool) {
	base, ok := strings.CutSuffix(name, ".mp4")
	if !ok {
		return "", 0, false
	}
	key, number, ok := strings.Cut(base, "-")
	n, err := strconv.ParseInt(number, 10, 64)
	return key, time.Duration(n), ok && err == nil && n >= 0 && key != ""
}

// get returns the file of a key, made by cut if it is not there. Callers who
// come while it is being made wait for it; when all of them have gone, the cut
// is cancelled.
func (c *cache) get(ctx context.Context, key string, cut func(ctx context.Context, dst string) (time.Duration, error)) (string, time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return "", 0, err
	}
	c.mu.Lock()
	if f := c.files[key]; f != nil {
		if _, err := os.Stat(f.path); err == nil {
			f.asked = c.now()
			path, offset := f.path, f.offset
			c.mu.Unlock()
			// The order of use must outlive a restart.
			_ = os.Chtimes(path, time.Time{}, f.asked)
			return path, offset, nil
		}
		c.drop(key) // somebody cleaned up
	}
	m := c.making[key]
	if m == nil {
		work, cancel := context.WithTimeout(context.WithoutCancel(ctx), cutTime)
		m = &making{done: make(chan struct{}), cancel: cancel}
		c.making[key] = m
		go c.make(work, key, m, cut)
	}
	m.wanted++
	c.mu.Unlock()

	select {
	case <-m.done:
		return m.path, m.offset, m.err
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		if m.wanted--; m.wanted == 0 {
			m.cancel()
			if c.making[key] == m {
				delete(c.making, key)
			}
		}
		return "", 0, ctx.Err()
	}
}

func (c *cache) make(ctx context.Context, key string, m *making, cut func(context.Context, string) (time.Duration, error)) {
	defer m.cancel()
	path, offset, size, err := c.cut(ctx, key, cut)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(m.done)
	if c.making[key] == m {
		delete(c.making, key)
	}
	m.path, m.offset, m.err = path, offset, err
	if err != nil {
		return
	}
	if old := c.files[key]; old != nil { // a cancelled cut that was finished all the same
		c.bytes -= old.bytes
		if old.path != path {
			os.Remove(old.path)
		}
	}
	c.files[key] = &cached{path, offset, size, c.now()}
	c.bytes += size
	c.shrink()
}

// cut makes the file under a name that a restart removes, and renames it.
func (c *cache) cut(ctx context.Context, key string, cut func(context.Context, string) (time.Duration, error)) (path string, offset time.Duration, size int64, err error) {
	tmp, err := os.CreateTemp(c.dir, key+"-*.mp4.tmp")
	if err != nil {
		return "", 0, 0, fmt.Errorf("make room for a video: %w", err)
	}
	name := tmp.Name()
	defer func() {
		if err != nil {
			os.Remove(name)
		}
	}()
	if err := tmp.Close(); err != nil {
		return "", 0, 0, err
	}
	if offset, err = cut(ctx, name); err != nil {
		return "", 0, 0, err
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", 0, 0, err
	}
	if info.Size() == 0 {
		return "", 0, 0, errors.New("the cut video is empty")
	}
	offset = max(offset, 0)
	path = filepath.Join(c.dir, fileName(key, offset))
	if err := os.Rename(name, path); err != nil {
		return "", 0, 0, err
	}
	return path, offset, info.Size(), nil
}

// shrink removes what was asked for longest ago until the rest fits. c.mu is held.
func (c *cache) shrink() {
	for c.bytes > c.max {
		oldest := ""
		for key, f := range c.files {
			if c.now().Sub(f.asked) < inUse {
				continue
			}
			if oldest == "" || f.asked.Before(c.files[oldest].asked) {
				oldest = key
			}
		}
		if oldest == "" {
			return
		}
		c.drop(oldest)
	}
}

func (c *cache) drop(key string) {
	f := c.files[key]
	os.Remove(f.path)
	c.bytes -= f.bytes
	delete(c.files, key)
}
