package segment

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path"

	"github.com/gembahq/gemba/index/vfs"
)

// Manifest names the live segments of a partition. It is replaced as a whole,
// so compaction and re-encoding switch from old segments to new in one step.
type Manifest struct {
	Partition uint32
	Camera    string
	Day       int32
	// NextOrd is the first ordinal that was not reserved. Ordinals are given
	// only below it and, after opening, only from it on: so one that a clip had
	// which a power cut took is never given again.
	NextOrd  uint32
	Segments []Header
}

// ManifestName is the manifest's file name in the partition folder.
const ManifestName = "manifest"

const maxManifest = 1 << 20

type manifestJSON struct {
	Format    int           `json:"format"`
	Partition uint32        `json:"partition"`
	Camera    string        `json:"camera"`
	Day       int32         `json:"day"`
	NextOrd   uint32        `json:"next_ord"`
	Segments  []segmentJSON `json:"segments"`
}

type segmentJSON struct {
	Number   uint32 `json:"number"`
	Dims     int    `json:"dims"`
	Plain    bool   `json:"plain"`
	Pack     string `json:"pack"`
	Codebook string `json:"codebook"`
	Created  int64  `json:"created"`
}

func (m *Manifest) encode() ([]byte, error) {
	j := manifestJSON{Format: Version, Partition: m.Partition, Camera: m.Camera, Day: m.Day, NextOrd: m.NextOrd, Segments: []segmentJSON{}}
	for _, h := range m.Segments {
		j.Segments = append(j.Segments, segmentJSON{
			Number: h.Number, Dims: h.Dims, Plain: h.Plain, Created: h.Created,
			Pack: hex.EncodeToString(h.Pack[:]), Codebook: hex.EncodeToString(h.Codebook[:]),
		})
	}
	b, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(b, "\n%08x\n", crcOf(b)), nil
}

func decodeManifest(b []byte) (*Manifest, error) {
	body, sum, ok := bytes.Cut(b, []byte("\n"))
	if !ok || string(sum) != fmt.Sprintf("%08x\n", crcOf(body)) {
		return nil, errors.New("manifest checksum does not match")
	}
	var j manifestJSON
	if err := json.Unmarshal(body, &j); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if j.Format > Version {
		return nil, fmt.Errorf("format version %d: %w", j.Format, ErrNewerVersion)
	}
	if len(j.Camera) > MaxCamera {
		return nil, errors.New("manifest: camera id is too long")
	}
	m := &Manifest{Partition: j.Partition, Camera: j.Camera, Day: j.Day, NextOrd: j.NextOrd}
	for _, s := range j.Segments {
		h := Header{Partition: j.Partition, Camera: j.Camera, Day: j.Day,
			Number: s.Number, Dims: s.Dims, Plain: s.Plain, Created: s.Created}
		for _, x := range []struct {
			dst *[32]byte
			hex string
		}{{&h.Pack, s.Pack}, {&h.Codebook, s.Codebook}} {
			v, err := hex.DecodeString(x.hex)
			if err != nil || len(v) != len(x.dst) {
				return nil, errors.New("manifest: hash of wrong form")
			}
			copy(x.dst[:], v)
		}
		if h.Dims < 1 || h.Dims > MaxDims {
			return nil, fmt.Errorf("manifest: %d dimensions", h.Dims)
		}
		m.Segments = append(m.Segments, h)
	}
	return m, nil
}

// ReadManifest reads the manifest of a partition folder. A damaged one is a
// CorruptError.
func ReadManifest(fsys vfs.FS, dir string) (*Manifest, error) {
	name := path.Join(dir, ManifestName)
	b, err := vfs.ReadFile(fsys, name, maxManifest)
	if err != nil {
		return nil, err
	}
	m, err := decodeManifest(b)
	if errors.Is(err, ErrNewerVersion) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err != nil {
		return nil, &CorruptError{Path: name, Reason: err.Error()}
	}
	return m, nil
}

// Write replaces the manifest of a partition folder durably.
func (m *Manifest) Write(fsys vfs.FS, dir string) error {
	b, err := m.encode()
	if err != nil {
		return err
	}
	return vfs.WriteFileAtomic(fsys, path.Join(dir, ManifestName), b)
}
