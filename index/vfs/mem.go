package vfs

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"path"
	"sort"
	"strings"
	"sync"
	"syscall"
)

// Op names a mutating operation of [Mem] for its hook.
type Op string

// The operations a hook sees, each before it happens.
const (
	OpCreate   Op = "create"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpSync     Op = "sync"
	OpMkdir    Op = "mkdir"
	OpRemove   Op = "remove"
	OpRename   Op = "rename"
	OpSyncDir  Op = "syncdir"
)

// Mem is a file system in memory that knows which bytes and which directory
// entries would survive a power cut. Safe for use by several goroutines.
type Mem struct {
	mu     sync.Mutex
	root   *node
	hook   func(op Op, name string) error
	budget int64 // bytes that may still be written, <0: no limit
}

// node is a file or a directory, with its present and its durable state.
type node struct {
	dir bool

	data    []byte  // file: what a reader sees
	durable []byte  // file: what the last sync made safe
	pending []patch // file: changes since then, in order

	children map[string]*node // directory: present entries
	safe     map[string]*node // directory: durable entries
	changes  []entryChange    // directory: changes since, in order

	exclusive bool
	shared    int
}

// patch is one unsynced change of a file: a write, or a truncation to off.
type patch struct {
	off      int64
	data     []byte
	truncate bool
}

// entryChange is one unsynced step in a directory. A rename is one step: no
// journaling file system shows half of it.
type entryChange struct {
	drop string // entry that goes, "" for none
	name string // entry that comes, "" for none
	node *node
}

func newDir() *node {
	return &node{dir: true, children: map[string]*node{}, safe: map[string]*node{}}
}

// NewMem returns an empty file system with a root directory.
func NewMem() *Mem { return &Mem{root: newDir(), budget: -1} }

// SetHook installs a function that is asked before every mutating operation;
// its error is returned instead of doing it. It must not call back into Mem.
func (m *Mem) SetHook(hook func(op Op, name string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = hook
}

// SetBudget limits the bytes that may still be written before writes give
// ENOSPC, half done as on a real disk. Negative: no limit.
func (m *Mem) SetBudget(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.budget = n
}

// Crash returns the file system as it might look after a power cut. With a nil
// source nothing unsynced survives. With a source, each file keeps a random
// prefix of its unsynced writes, the last of them torn at a random byte, and
// each directory a random prefix of its unsynced changes.
func (m *Mem) Crash(r *rand.Rand) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Mem{root: m.root.crashed(r), budget: -1}
}

// Clone returns a copy with everything written so far, synced or not: what a
// killed process leaves behind.
func (m *Mem) Clone() *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &Mem{root: m.root.cloned(), budget: -1}
}

func (n *node) crashed(r *rand.Rand) *node {
	if !n.dir {
		data := append([]byte(nil), n.durable...)
		if r != nil && len(n.pending) > 0 {
			keep := r.IntN(len(n.pending) + 1)
			for i := 0; i < keep; i++ {
				p := n.pending[i]
				if i == keep-1 && !p.truncate && len(p.data) > 0 && r.IntN(2) == 0 {
					p.data = p.data[:r.IntN(len(p.data)+1)]
				}
				data = p.apply(data)
			}
		}
		return &node{data: data, durable: append([]byte(nil), data...)}
	}
	entries := maps.Clone(n.safe)
	if r != nil && len(n.changes) > 0 {
		for _, c := range n.changes[:r.IntN(len(n.changes)+1)] {
			c.apply(entries)
		}
	}
	d := newDir()
	// In name order, so that one seed always gives one result.
	names := make([]string, 0, len(entries))
	for name := range entries {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		c := entries[name].crashed(r)
		d.children[name], d.safe[name] = c, c
	}
	return d
}

func (n *node) cloned() *node {
	if !n.dir {
		return &node{data: append([]byte(nil), n.data...), durable: append([]byte(nil), n.data...)}
	}
	d := newDir()
	for name, c := range n.children {
		cc := c.cloned()
		d.children[name], d.safe[name] = cc, cc
	}
	return d
}

func (p patch) apply(data []byte) []byte {
	end := p.off + int64(len(p.data))
	if p.truncate {
		end = p.off
	}
	if end > int64(len(data)) {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	if p.truncate {
		return data[:end]
	}
	copy(data[p.off:], p.data)
	return data
}

func (c entryChange) apply(entries map[string]*node) {
	if c.drop != "" {
		delete(entries, c.drop)
	}
	if c.name != "" {
		entries[c.name] = c.node
	}
}

func (n *node) change(c entryChange) {
	c.apply(n.children)
	n.changes = append(n.changes, c)
}

func pathErr(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// walk finds a node; the root is "", "." or "/".
func (m *Mem) walk(name string) (*node, error) {
	n := m.root
	for _, part := range strings.Split(path.Clean(name), "/") {
		if part == "" || part == "." {
			continue
		}
		if !n.dir {
			return nil, pathErr("walk", name, syscall.ENOTDIR)
		}
		next, ok := n.children[part]
		if !ok {
			return nil, pathErr("walk", name, fs.ErrNotExist)
		}
		n = next
	}
	return n, nil
}

func (m *Mem) parent(name string) (*node, string, error) {
	p, err := m.walk(path.Dir(path.Clean(name)))
	if err != nil {
		return nil, "", err
	}
	if !p.dir {
		return nil, "", pathErr("walk", name, syscall.ENOTDIR)
	}
	return p, path.Base(name), nil
}

func (m *Mem) ask(op Op, name string) error {
	if m.hook == nil {
		return nil
	}
	return m.hook(op, name)
}

// metadata refuses operations that need a block when there is none.
func (m *Mem) metadata(op, name string) error {
	if m.budget == 0 {
		return pathErr(op, name, syscall.ENOSPC)
	}
	return nil
}

// Create implements [FS].
func (m *Mem) Create(name string) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask(OpCreate, name); err != nil {
		return nil, err
	}
	if err := m.metadata("create", name); err != nil {
		return nil, err
	}
	p, base, err := m.parent(name)
	if err != nil {
		return nil, err
	}
	if _, ok := p.children[base]; ok {
		return nil, pathErr("create", name, fs.ErrExist)
	}
	n := &node{}
	p.change(entryChange{name: base, node: n})
	return &memFile{m: m, n: n, name: name, write: true}, nil
}

func (m *Mem) open(name string, write bool) (File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.walk(name)
	if err != nil {
		return nil, err
	}
	if n.dir {
		return nil, pathErr("open", name, syscall.EISDIR)
	}
	return &memFile{m: m, n: n, name: name, write: write}, nil
}

// Open implements [FS].
func (m *Mem) Open(name string) (File, error) { return m.open(name, false) }

// OpenWrite implements [FS].
func (m *Mem) OpenWrite(name string) (File, error) { return m.open(name, true) }

// Size implements [FS].
func (m *Mem) Size(name string) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.walk(name)
	if err != nil {
		return 0, err
	}
	return int64(len(n.data)), nil
}

// ReadDir implements [FS].
func (m *Mem) ReadDir(name string) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.walk(name)
	if err != nil {
		return nil, err
	}
	if !n.dir {
		return nil, pathErr("readdir", name, syscall.ENOTDIR)
	}
	out := make([]Entry, 0, len(n.children))
	for name, c := range n.children {
		out = append(out, Entry{Name: name, Dir: c.dir})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// MkdirAll implements [FS].
func (m *Mem) MkdirAll(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.root
	for _, part := range strings.Split(path.Clean(name), "/") {
		if part == "" || part == "." {
			continue
		}
		next, ok := n.children[part]
		if !ok {
			if err := m.ask(OpMkdir, name); err != nil {
				return err
			}
			if err := m.metadata("mkdir", name); err != nil {
				return err
			}
			next = newDir()
			n.change(entryChange{name: part, node: next})
		}
		if !next.dir {
			return pathErr("mkdir", name, syscall.ENOTDIR)
		}
		n = next
	}
	return nil
}

// Remove implements [FS].
func (m *Mem) Remove(name string) error { return m.remove(name, false) }

// RemoveAll implements [FS].
func (m *Mem) RemoveAll(name string) error { return m.remove(name, true) }

func (m *Mem) remove(name string, all bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, base, err := m.parent(name)
	if err != nil {
		if all {
			return nil
		}
		return err
	}
	n, ok := p.children[base]
	if !ok {
		if all {
			return nil
		}
		return pathErr("remove", name, fs.ErrNotExist)
	}
	if !all && n.dir && len(n.children) > 0 {
		return pathErr("remove", name, syscall.ENOTEMPTY)
	}
	if err := m.ask(OpRemove, name); err != nil {
		return err
	}
	p.change(entryChange{drop: base})
	return nil
}

// Rename implements [FS].
func (m *Mem) Rename(oldname, newname string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask(OpRename, newname); err != nil {
		return err
	}
	if path.Dir(path.Clean(oldname)) != path.Dir(path.Clean(newname)) {
		return pathErr("rename", oldname, syscall.EXDEV)
	}
	p, base, err := m.parent(oldname)
	if err != nil {
		return err
	}
	n, ok := p.children[base]
	if !ok {
		return pathErr("rename", oldname, fs.ErrNotExist)
	}
	target := path.Base(newname)
	if t, ok := p.children[target]; ok && t.dir && len(t.children) > 0 {
		return pathErr("rename", newname, syscall.ENOTEMPTY)
	}
	p.change(entryChange{drop: base, name: target, node: n})
	return nil
}

// SyncDir implements [FS].
func (m *Mem) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.ask(OpSyncDir, name); err != nil {
		return err
	}
	n, err := m.walk(name)
	if err != nil {
		return err
	}
	n.safe, n.changes = maps.Clone(n.children), nil
	return nil
}

type memLock struct {
	m         *Mem
	n         *node
	exclusive bool
	once      sync.Once
}

func (l *memLock) Close() error {
	l.once.Do(func() {
		l.m.mu.Lock()
		defer l.m.mu.Unlock()
		if l.exclusive {
			l.n.exclusive = false
		} else {
			l.n.shared--
		}
	})
	return nil
}

// Lock implements [FS]. Locks do not survive Crash or Clone.
func (m *Mem) Lock(name string, exclusive bool, note string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.walk(name)
	if err != nil {
		if !exclusive {
			return nil, err
		}
		p, base, perr := m.parent(name)
		if perr != nil {
			return nil, perr
		}
		n = &node{}
		p.change(entryChange{name: base, node: n})
	}
	if n.exclusive || (exclusive && n.shared > 0) {
		return nil, fmt.Errorf("%w (%s)", ErrLocked, trimNote(n.data))
	}
	if exclusive {
		n.exclusive = true
		n.data = []byte(note)
	} else {
		n.shared++
	}
	return &memLock{m: m, n: n, exclusive: exclusive}, nil
}

type memFile struct {
	m     *Mem
	n     *node
	name  string
	write bool
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if off >= int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if !f.write {
		return 0, pathErr("write", f.name, syscall.EBADF)
	}
	if err := f.m.ask(OpWrite, f.name); err != nil {
		return 0, err
	}
	n := len(p)
	var full error
	if f.m.budget >= 0 {
		// Only growth takes blocks; overwriting is free.
		grow := max(off+int64(n)-int64(len(f.n.data)), 0)
		if grow > f.m.budget {
			n = max(n-int(grow-f.m.budget), 0)
			grow = f.m.budget
			full = pathErr("write", f.name, syscall.ENOSPC)
		}
		f.m.budget -= grow
	}
	c := patch{off: off, data: append([]byte(nil), p[:n]...)}
	f.n.data = c.apply(f.n.data)
	f.n.pending = append(f.n.pending, c)
	return n, full
}

func (f *memFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if !f.write {
		return pathErr("truncate", f.name, syscall.EBADF)
	}
	if err := f.m.ask(OpTruncate, f.name); err != nil {
		return err
	}
	if freed := int64(len(f.n.data)) - size; f.m.budget >= 0 && freed > 0 {
		f.m.budget += freed
	}
	c := patch{off: size, truncate: true}
	f.n.data = c.apply(f.n.data)
	f.n.pending = append(f.n.pending, c)
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	return int64(len(f.n.data)), nil
}

func (f *memFile) Sync() error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	if err := f.m.ask(OpSync, f.name); err != nil {
		return err
	}
	f.n.durable, f.n.pending = append([]byte(nil), f.n.data...), nil
	return nil
}

func (f *memFile) SyncData() error { return f.Sync() }
func (f *memFile) Close() error    { return nil }
