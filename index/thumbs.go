package index

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"sync"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/vfs"
)

// thumbs is the thumbnail file of a partition: JPEG after JPEG, found by the
// reference that the clip's record holds. One file a day and camera is kinder
// to a file system than one a clip. It may be lost or cut without harm: the
// reference carries a checksum, so a thumbnail is either right or missing.
type thumbs struct {
	fs    vfs.FS
	files *segment.Files
	root  string // the thumbnail folder
	name  string
	part  uint32

	mu    sync.Mutex
	f     vfs.File // nil until something is written
	end   int64
	dirty bool
}

const (
	thumbMagic  = "VTHB"
	thumbHeader = 16 // magic, version u16, zero u16, partition u32, zero u32
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// thumbSum seeds the checksum with the partition, so that a file of another
// day in this one's place gives no pictures.
func thumbSum(part uint32, jpeg []byte) uint32 {
	seed := [4]byte{byte(part), byte(part >> 8), byte(part >> 16), byte(part >> 24)}
	return crc32.Update(crc32.Checksum(seed[:], castagnoli), castagnoli, jpeg)
}

func (t *thumbs) open() error {
	if t.f != nil {
		return nil
	}
	f, err := t.fs.OpenWrite(t.name)
	if errors.Is(err, fs.ErrNotExist) {
		dir := path.Dir(t.name)
		if err := vfs.MkdirAllSync(t.fs, path.Dir(t.root), dir); err != nil {
			return err
		}
		if f, err = t.fs.Create(t.name); err == nil {
			h := make([]byte, thumbHeader)
			copy(h, thumbMagic)
			h[4] = segment.Version
			h[8], h[9], h[10], h[11] = byte(t.part), byte(t.part>>8), byte(t.part>>16), byte(t.part>>24)
			if _, err = f.WriteAt(h, 0); err == nil {
				err = t.fs.SyncDir(dir)
			}
			if err != nil {
				f.Close()
				_ = t.fs.Remove(t.name) // made again at the next clip
			}
		}
	}
	if err != nil {
		return err
	}
	if t.end, err = f.Size(); err != nil {
		f.Close()
		return err
	}
	t.end = max(t.end, thumbHeader)
	t.f = f
	return nil
}

// add writes a batch of thumbnails, all or none. Clips without one get a zero
// reference.
func (t *thumbs) add(clips []*Clip) ([]segment.ThumbRef, error) {
	refs := make([]segment.ThumbRef, len(clips))
	n := 0
	for _, c := range clips {
		n += len(c.Thumbnail)
	}
	if n == 0 {
		return refs, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return nil, fmt.Errorf("open thumbnails %s: %w", t.name, err)
	}
	buf := make([]byte, 0, n)
	for i, c := range clips {
		if len(c.Thumbnail) == 0 {
			continue
		}
		refs[i] = segment.ThumbRef{Offset: t.end + int64(len(buf)), Size: uint32(len(c.Thumbnail)), Sum: thumbSum(t.part, c.Thumbnail)}
		buf = append(buf, c.Thumbnail...)
	}
	if _, err := t.f.WriteAt(buf, t.end); err != nil {
		// Give the room back; if that fails too, the next batch goes behind.
		if terr := t.f.Truncate(t.end); terr != nil {
			t.close()
		}
		return nil, fmt.Errorf("write thumbnails %s: %w", t.name, err)
	}
	t.end += int64(n)
	t.dirty = true
	return refs, nil
}

func (t *thumbs) read(ref segment.ThumbRef) ([]byte, error) {
	if ref.Size == 0 || ref.Size > maxThumbnail {
		return nil, ErrNotFound
	}
	b := make([]byte, ref.Size)
	n, err := t.files.ReadAt(t.name, b, ref.Offset)
	if n < len(b) {
		if err != nil && !errors.Is(err, fs.ErrNotExist) && n == 0 && !isEOF(err) {
			return nil, fmt.Errorf("read thumbnail: %w", err)
		}
		return nil, ErrNotFound
	}
	if thumbSum(t.part, b) != ref.Sum {
		return nil, ErrNotFound
	}
	return b, nil
}

// erase overwrites a thumbnail with zeros.
func (t *thumbs) erase(ref segment.ThumbRef) error {
	if ref.Size == 0 || ref.Size > maxThumbnail {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.open(); err != nil {
		return err
	}
	if ref.Offset+int64(ref.Size) > t.end {
		return nil
	}
	_, err := t.f.WriteAt(make([]byte, ref.Size), ref.Offset)
	t.dirty = true
	return err
}

// sync makes thumbnails durable. They may be lost, so the caller only reports.
func (t *thumbs) sync() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.dirty || t.f == nil {
		return nil
	}
	t.dirty = false
	if err := t.f.SyncData(); err != nil {
		t.close()
		return fmt.Errorf("fdatasync %s: %w", t.name, err)
	}
	return nil
}

func (t *thumbs) close() {
	if t.f != nil {
		t.f.Close()
		t.f = nil
	}
}

// release closes the writer's handle; the next batch opens it again.
func (t *thumbs) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close()
}
