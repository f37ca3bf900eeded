package segment

import (
	"container/list"
	"sync"

	"github.com/gembahq/gemba/index/vfs"
)

// Files keeps a bounded number of files open for reading, so that a thousand
// days of clips do not need thousands of descriptors. Safe for concurrent use.
type Files struct {
	fs  vfs.FS
	max int

	mu   sync.Mutex
	open map[string]*readFile
	lru  list.List // of *readFile, most recently used first
}

type readFile struct {
	vfs.File
	name string
	refs int
	gone bool // forgotten: close when the last reader is done
	elem *list.Element
}

// NewFiles returns a cache of at most max open files.
func NewFiles(fsys vfs.FS, max int) *Files {
	return &Files{fs: fsys, max: max, open: map[string]*readFile{}}
}

// ReadAt reads from a file at an offset, opening it if need be; as io.ReaderAt.
func (c *Files) ReadAt(name string, p []byte, off int64) (int, error) {
	f, err := c.acquire(name)
	if err != nil {
		return 0, err
	}
	defer c.release(f)
	return f.ReadAt(p, off)
}

func (c *Files) acquire(name string) (*readFile, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.open[name]; ok {
		f.refs++
		c.lru.MoveToFront(f.elem)
		return f, nil
	}
	// Opening under the lock is short, and keeps two readers from opening twice.
	file, err := c.fs.Open(name)
	if err != nil {
		return nil, err
	}
	f := &readFile{File: file, name: name, refs: 1}
	f.elem = c.lru.PushFront(f)
	c.open[name] = f
	for e := c.lru.Back(); e != nil && len(c.open) > c.max; {
		prev := e.Prev()
		if old := e.Value.(*readFile); old.refs == 0 {
			c.drop(old)
		}
		e = prev
	}
	return f, nil
}

func (c *Files) release(f *readFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.refs--
	if f.gone && f.refs == 0 {
		f.Close()
	}
}

// drop takes a file out; mu is held.
func (c *Files) drop(f *readFile) {
	c.lru.Remove(f.elem)
	delete(c.open, f.name)
	f.gone = true
	if f.refs == 0 {
		f.Close()
	}
}

// Forget closes a file, once its readers are done, because its name now means
// another file or none.
func (c *Files) Forget(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.open[name]; ok {
		c.drop(f)
	}
}

// Close closes all files that nobody reads.
func (c *Files) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.open {
		c.drop(f)
	}
}
