package encode

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/gembahq/gemba/agent/encode/preprocess"
	"github.com/gembahq/gemba/agent/encode/tokenizer"
	"github.com/gembahq/gemba/internal/npy"
)

const (
	manifestName    = "manifest.json"
	maxManifestSize = 1 << 20
)

// Pack is an opened and checked pack. It is read-only and safe for concurrent
// use.
type Pack struct {
	dir        string
	manifest   *Manifest
	hash       [32]byte
	pre        *preprocess.Preprocessor
	tokenizer  *tokenizer.Tokenizer
	sketch     *Sketch // nil if tokens aren't made of embeddings
	hub        hubBank
	background npy.Matrix[float32]
}

// OpenPack reads the pack in folder dir and checks it: the manifest, and that
// every file is there, inside the folder, and is byte for byte what the
// manifest lists. It reads all of a pack once (about 30 ms for 40 MB). Errors
// wrap ErrPack, name the file and say what to do.
func OpenPack(dir string) (*Pack, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open pack: %w", err)
	}
	p := &Pack{dir: dir}
	if err := p.open(); err != nil {
		return nil, fmt.Errorf("open pack %s: %w", dir, err)
	}
	return p, nil
}

func (p *Pack) open() error {
	// Through a Root no name and no symbolic link leads out of the folder.
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return fmt.Errorf("%w: %w: name a folder that holds a %s", ErrPack, err, manifestName)
	}
	defer root.Close()
	text, err := readSmall(root, manifestName, maxManifestSize)
	if err != nil {
		return err
	}
	if p.manifest, err = ParseManifest(text); err != nil {
		return err
	}
	m := p.manifest
	p.hash = m.Hash()
	names := make([]string, 0, len(m.Files))
	for name := range m.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := verify(root, name, m.Files[name]); err != nil {
			return err
		}
	}
	if p.pre, err = m.Image.preprocessor(); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrPack, manifestName, err)
	}
	if m.Tokens.From == FromEmbedding {
		p.sketch = NewSketch(m.Dims, m.Tokens.Dims)
	}
	text, err = readSmall(root, m.Text.Tokenizer, 256<<20)
	if err != nil {
		return err
	}
	if p.tokenizer, err = tokenizer.Parse(text); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrPack, m.Text.Tokenizer, err)
	}
	if m.Hub.File != "" {
		rows, err := p.readRows(root, m.Hub.File)
		if err != nil {
			return err
		}
		if p.hub, err = newHubBank(rows, m.Hub.K); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrPack, m.Hub.File, err)
		}
	}
	if m.Background.File != "" {
		p.background, err = p.readRows(root, m.Background.File)
	}
	return err
}

// cause rewords the errors that opening a listed file can give.
func cause(name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %s is missing: copy the pack again", ErrPack, name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %s: %w: make it readable for the user that gemba runs as", ErrPack, name, err)
	}
	return fmt.Errorf("%w: %s: %w", ErrPack, name, err)
}

func openRegular(root *os.Root, name string) (*os.File, int64, error) {
	// What is no regular file is refused before it is opened: opening a named
	// pipe would wait for a writer.
	info, err := root.Stat(name)
	if err != nil {
		return nil, 0, cause(name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, 0, fmt.Errorf("%w: %s is not a file: copy the pack again", ErrPack, name)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, 0, cause(name, err)
	}
	return f, info.Size(), nil
}

func readSmall(root *os.Root, name string, limit int64) ([]byte, error) {
	f, size, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, more than the %d allowed", ErrPack, name, size, limit)
	}
	text, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, cause(name, err)
	}
	return text, nil
}

// verify compares a file with what the manifest lists.
func verify(root *os.Root, name string, want FileSpec) error {
	f, size, err := openRegular(root, name)
	if err != nil {
		return err
	}
	defer f.Close()
	if size != want.Bytes {
		return fmt.Errorf("%w: %s has %d bytes, the manifest says %d: copy the pack again", ErrPack, name, size, want.Bytes)
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return cause(name, err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want.SHA256 {
		return fmt.Errorf("%w: %s is damaged or was changed (SHA-256 %s…, the manifest says %s…): copy the pack again", ErrPack, name, got[:12], want.SHA256[:12])
	}
	return nil
}

// readRows reads a file of vectors of the shared space.
func (p *Pack) readRows(root *os.Root, name string) (npy.Matrix[float32], error) {
	f, _, err := openRegular(root, name)
	if err != nil {
		return npy.Matrix[float32]{}, err
	}
	defer f.Close()
	rows, err := npy.ReadMatrix[float32](f)
	if err == nil {
		err = rows.CheckFinite()
	}
	if err == nil && (rows.Cols != p.manifest.Dims || rows.Rows < 1) {
		err = fmt.Errorf("%d rows of %d values, want rows of %d", rows.Rows, rows.Cols, p.manifest.Dims)
	}
	if err == nil {
		for r := range rows.Rows {
			// A mean of views is shorter than 1, rounding makes it a little longer.
			if n := norm(rows.Row(r)); n > 1.01 || n < 1e-3 {
				err = fmt.Errorf("row %d has length %.3g, want at most 1", r, n)
				break
			}
		}
	}
	if err != nil {
		return npy.Matrix[float32]{}, fmt.Errorf("%w: %s: %w", ErrPack, name, err)
	}
	return rows, nil
}

// Dir is the pack's folder, as an absolute path.
func (p *Pack) Dir() string { return p.dir }

// Manifest is the pack's manifest; don't change it.
func (p *Pack) Manifest() *Manifest { return p.manifest }

// Hash is Manifest.Hash of the pack.
func (p *Pack) Hash() [32]byte { return p.hash }

// Background gives the embeddings of photos that show nothing in question, row
// by row, for the calibration of "no match"; no rows if the pack has none.
// Don't change data.
func (p *Pack) Background() (rows, dims int, data []float32) {
	return p.background.Rows, p.background.Cols, p.background.Data
}

// HubBank gives the unit embeddings of the background sentences, row by row; no
// rows if the pack has none. Don't change data.
func (p *Pack) HubBank() (rows, dims int, data []float32) {
	return p.hub.rows.Rows, p.hub.rows.Cols, p.hub.rows.Data
}

// HubTerm is the mean of the K highest dot products of a clip's vector with the
// hub bank, 0 without one.
func (p *Pack) HubTerm(vector []float32) float32 { return p.hub.term(vector) }

func norm(v []float32) float64 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum)
}
