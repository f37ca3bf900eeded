package head

import (
	"fmt"
	"time"

	"github.com/gembahq/gemba/agent/tune/sealed"
	"github.com/gembahq/gemba/index/vfs"
)

const (
	fileKind    = "head"
	fileVersion = 1
	maxFile     = 512 << 20
)

// About says where a head comes from.
type About struct {
	Pack      string    `json:"pack"` // hash of the pack whose tokens it was trained on, hexadecimal
	Trained   time.Time `json:"trained"`
	Pairs     int       `json:"pairs"` // graded pairs it was trained on
	Questions int       `json:"questions"`
	Note      string    `json:"note,omitempty"`
}

type fileHeader struct {
	Config Config `json:"config"`
	About  About  `json:"about"`
}

// Encode returns the bytes of head.bin.
func Encode(p *Params[float32], about About) ([]byte, error) {
	return sealed.Encode(fileKind, fileVersion, fileHeader{p.Config, about}, p.Values)
}

// Decode reads the bytes of head.bin.
func Decode(data []byte) (*Params[float32], About, error) {
	var h fileHeader
	_, arrays, err := sealed.Decode(data, fileKind, fileVersion, &h)
	if err != nil {
		return nil, About{}, err
	}
	if err := h.Config.Check(); err != nil {
		return nil, About{}, fmt.Errorf("%w: %w", sealed.ErrDamaged, err)
	}
	if len(arrays) != 1 || len(arrays[0]) != h.Config.size() {
		return nil, About{}, fmt.Errorf("%w: its weights do not fit its sizes", sealed.ErrDamaged)
	}
	p := &Params[float32]{Config: h.Config, Values: arrays[0]}
	p.bind()
	return p, h.About, nil
}

// Load reads a head file.
func Load(fsys vfs.FS, name string) (*Params[float32], About, error) {
	data, err := vfs.ReadFile(fsys, name, maxFile)
	if err != nil {
		return nil, About{}, fmt.Errorf("read head %s: %w", name, err)
	}
	p, about, err := Decode(data)
	if err != nil {
		return nil, About{}, fmt.Errorf("read head %s: %w; roll back to an older head or remove it, searches then use the first stage", name, err)
	}
	return p, about, nil
}

// Save writes a head file: after a power cut it is there whole or not at all.
func Save(fsys vfs.FS, name string, p *Params[float32], about About) error {
	data, err := Encode(p, about)
	if err == nil {
		err = vfs.WriteFileAtomic(fsys, name, data)
	}
	if err != nil {
		return fmt.Errorf("write head %s: %w", name, err)
	}
	return nil
}
