package text

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/search"
	index "github.com/blevesearch/bleve_index_api"
)

// day is one open bleve index.
type day struct {
	s     *schema
	idx   bleve.Index
	dirty atomic.Bool // something was applied since the last persist
}

// config is what every index is opened with.
func config(readOnly bool) map[string]any {
	return map[string]any{
		"read_only": readOnly,
		// The log can be replayed: waiting for each batch's fsync buys nothing.
		"unsafe_batch": true,
		// Another process must not make us wait for ever.
		"bolt_timeout": "5s",
		// Gather batches before writing, and after an error do not spin.
		"scorchPersisterOptions": map[string]any{"PersisterNapTimeMSec": 200, "PersisterNapUnderNumFiles": 1000},
	}
}

var (
	keyFormat = []byte("format")
	wmPrefix  = "wm/"
)

func wmKey(partition uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte(wmPrefix), partition)
}

func encodeID(id uint64) string {
	return string(binary.BigEndian.AppendUint64(nil, id))
}

// errDamaged wraps whatever makes an index unusable.
var errDamaged = errors.New("text index is damaged")

// guard turns panics of the library over damaged files into errors, also
// faults on mapped files that are shorter than they claim.
func guard(do func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return do()
}

func createDay(s *schema, path string) (*day, error) {
	d := &day{s: s}
	return d, guard(func() (err error) {
		if path == "" {
			d.idx, err = bleve.NewMemOnly(s.mapping)
		} else {
			d.idx, err = bleve.NewUsing(path, s.mapping, scorch.Name, scorch.Name, config(false))
		}
		if err != nil {
			return err
		}
		return d.idx.SetInternal(keyFormat, []byte(formatVersion))
	})
}

func openDay(s *schema, path string, readOnly bool) (*day, error) {
	d := &day{s: s}
	err := guard(func() (err error) {
		if d.idx, err = bleve.OpenUsing(path, config(readOnly)); err != nil {
			return err
		}
		v, err := d.idx.GetInternal(keyFormat)
		if err == nil && string(v) != formatVersion {
			err = fmt.Errorf("format is %q, not %q", v, formatVersion)
		}
		return err
	})
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

func (d *day) close() {
	if d.idx != nil {
		_ = guard(func() error { return d.idx.Close() }) // the log has it all
	}
}

// Batch is one step of a day: documents, deletions and how far the log is seen.
type Batch struct {
	Docs   []Doc
	Delete []uint64
	Seen   map[uint32]uint32 // partition -> first ordinal not seen
}

func (d *day) apply(b *Batch) error {
	d.dirty.Store(true)
	return guard(func() error {
		batch := d.idx.NewBatch()
		for i := range b.Docs {
			if err := batch.IndexAdvanced(d.s.document(&b.Docs[i])); err != nil {
				return err
			}
		}
		for _, id := range b.Delete {
			batch.Delete(encodeID(id))
		}
		for p, ord := range b.Seen {
			batch.SetInternal(wmKey(p), binary.BigEndian.AppendUint32(nil, ord))
		}
		return d.idx.Batch(batch)
	})
}

// persist waits until everything applied is on disk.
func (d *day) persist(ctx context.Context, timeout time.Duration) (err error) {
	if !d.dirty.Swap(false) {
		return nil
	}
	defer func() {
		if err != nil {
			d.dirty.Store(true)
		}
	}()
	done := make(chan error, 1)
	err = guard(func() error {
		batch := d.idx.NewBatch()
		batch.SetInternal([]byte("flush"), binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano())))
		batch.SetPersistedCallback(func(err error) { done <- err })
		return d.idx.Batch(batch)
	})
	if err != nil {
		return err
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return errors.New("text index could not be written in time")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *day) seen(partition uint32) (ord uint32, err error) {
	err = guard(func() error {
		v, err := d.idx.GetInternal(wmKey(partition))
		if err == nil && len(v) == 4 {
			ord = binary.BigEndian.Uint32(v)
		}
		return err
	})
	return ord, err
}

// selection walks all hits of q: partition -> ordinals.
func (d *day) selection(ctx context.Context, q Query) (map[uint32]*roaring.Bitmap, error) {
	compiled, err := d.s.compile(q)
	if errors.Is(err, errNothing) {
		return map[uint32]*roaring.Bitmap{}, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[uint32]*roaring.Bitmap{}
	err = guard(func() error {
		return d.walk(func(r index.IndexReader) error {
			s, err := compiled.Searcher(ctx, r, d.s.mapping, search.SearcherOptions{Score: "none"})
			if err != nil {
				return err
			}
			defer s.Close()
			sc := &search.SearchContext{
				DocumentMatchPool: search.NewDocumentMatchPool(s.DocumentMatchPoolSize()+1, 0),
				IndexReader:       r,
			}
			for n := 0; ; n++ {
				if n%4096 == 0 {
					if err := ctx.Err(); err != nil {
						return err
					}
				}
				m, err := s.Next(sc)
				if err != nil || m == nil {
					return err
				}
				id, err := r.ExternalID(m.IndexInternalID)
				if err != nil {
					return err
				}
				addID(out, id)
				sc.DocumentMatchPool.Put(m)
			}
		})
	})
	return out, err
}

func addID(out map[uint32]*roaring.Bitmap, id string) {
	if len(id) != 8 {
		return
	}
	v := binary.BigEndian.Uint64([]byte(id))
	b := out[uint32(v>>32)]
	if b == nil {
		b = roaring.New()
		out[uint32(v>>32)] = b
	}
	b.Add(uint32(v))
}

func (d *day) walk(fn func(index.IndexReader) error) error {
	adv, err := d.idx.Advanced()
	if err != nil {
		return err
	}
	r, err := adv.Reader()
	if err != nil {
		return err
	}
	defer r.Close()
	return fn(r)
}

// ids lists every document: partition -> ordinals.
func (d *day) ids() (map[uint32]*roaring.Bitmap, error) {
	out := map[uint32]*roaring.Bitmap{}
	err := guard(func() error {
		return d.walk(func(r index.IndexReader) error {
			all, err := r.DocIDReaderAll()
			if err != nil {
				return err
			}
			defer all.Close()
			for {
				in, err := all.Next()
				if err != nil || in == nil {
					return err
				}
				id, err := r.ExternalID(in)
				if err != nil {
					return err
				}
				addID(out, strings.Clone(id))
			}
		})
	})
	return out, err
}
