package packimport

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/internal/npy"
)

//go:embed sentences.txt
var sentences string

// Sentences are the background sentences of the hub term.
func Sentences() []string { return strings.Split(strings.TrimSpace(sentences), "\n") }

// unfinished ends the name of a folder that is being filled.
const unfinished = ".importing"

// Import makes a pack of the model in folder dir and puts it into the new
// folder out. The models are run on the way, so that what comes out works; on
// any error out is not there. progress, which may be nil, is called with the
// number of background sentences done.
//
// Errors wrap ErrFolder, ErrUnsupported or ErrLicense of this package, those
// that encode.New gives, or come from the file system.
func Import(ctx context.Context, dir, out string, o Options, run encode.Options, progress func(done, of int)) (*Plan, error) {
	p, err := NewPlan(dir, o)
	if err != nil {
		return nil, err
	}
	if err := absent(out); err != nil {
		return nil, err
	}
	parent := filepath.Dir(filepath.Clean(out))
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	temporary, err := os.MkdirTemp(parent, filepath.Base(out)+unfinished)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	defer os.RemoveAll(temporary) // after the rename there is nothing left
	if err := p.write(ctx, temporary); err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	p.vision.data, p.text.data = nil, nil // written; the models need the memory now
	if err := p.addBanks(ctx, temporary, o, run, progress); err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	if err := os.Rename(temporary, out); err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	return p, nil
}

// absent makes sure that nothing is overwritten.
func absent(out string) error {
	entries, err := os.ReadDir(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("import into %s: %w", out, err)
	case len(entries) > 0:
		return fmt.Errorf("import into %s: the folder is not empty: name a new one", out)
	}
	return os.Remove(out) // a rename needs its place
}

// write fills dir with everything but the hub bank.
func (p *Plan) write(ctx context.Context, dir string) error {
	p.Manifest.Files = map[string]encode.FileSpec{}
	for _, m := range []struct {
		as string
		source
	}{{p.Manifest.Image.File, p.vision}, {p.Manifest.Text.File, p.text}} {
		if m.data != nil {
			if err := p.put(ctx, dir, m.as, bytes.NewReader(m.data)); err != nil {
				return err
			}
		} else if err := p.copy(ctx, dir, m.as, m.name); err != nil {
			return err
		}
		weights, err := m.external()
		if err != nil {
			return err
		}
		for _, w := range weights {
			if err := p.copyWeights(ctx, dir, w, m.source); err != nil {
				return err
			}
		}
	}
	if err := p.put(ctx, dir, p.Manifest.Text.Tokenizer, bytes.NewReader(p.tokenizer)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "card.md"), p.card(), 0o644); err != nil {
		return err
	}
	hub := p.Manifest.Hub
	p.Manifest.Hub = encode.HubSpec{} // it is not there yet
	err := p.writeManifest(dir)
	p.Manifest.Hub = hub
	return err
}

// copyWeights copies a file of weights, which two models may share.
func (p *Plan) copyWeights(ctx context.Context, dir, name string, of source) error {
	from := path.Join(path.Dir(of.name), name)
	if !p.folder.has(from) {
		return fmt.Errorf("%w: %s has its weights in %s, which is missing: download it too", ErrFolder, of.name, from)
	}
	before, again := p.Manifest.Files[name]
	if err := p.copy(ctx, dir, name, from); err != nil {
		return err
	}
	if again && before != p.Manifest.Files[name] {
		return fmt.Errorf("%w: two models have weights in different files of the name %s: save them with their weights in one file each", ErrUnsupported, name)
	}
	return nil
}

func (p *Plan) copy(ctx context.Context, dir, as, name string) error {
	from, err := os.Open(p.folder.path(name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	defer from.Close()
	return p.put(ctx, dir, as, from)
}

// put writes a file of the pack and lists it in the manifest.
func (p *Plan) put(ctx context.Context, dir, name string, from io.Reader) error {
	to, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(to, h), cancellable{ctx, from})
	if err == nil {
		err = to.Sync()
	}
	if err = errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	p.Manifest.Files[name] = encode.FileSpec{Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}
	return nil
}

// cancellable ends reading when a context does.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c cancellable) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

func (p *Plan) writeManifest(dir string) error {
	text, err := json.MarshalIndent(p.Manifest, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "manifest.json"), append(text, '\n'), 0o644)
}

// addBanks runs the pack in dir on the background sentences and photos and adds
// the results.
func (p *Plan) addBanks(ctx context.Context, dir string, o Options, run encode.Options, progress func(done, of int)) error {
	pack, err := encode.OpenPack(dir)
	if err != nil {
		return err
	}
	e, err := encode.New(pack, run)
	if err != nil {
		return err
	}
	defer e.Close()
	list := Sentences()
	rows := make([]float32, 0, len(list)*p.Manifest.Dims)
	for i, s := range list {
		a, err := e.EncodeText(ctx, s)
		if err != nil {
			return err
		}
		rows = append(rows, a.Vector...)
		if progress != nil {
			progress(i+1, len(list))
		}
	}
	p.Manifest.Hub.File = "hub_bank.npy"
	if err := p.putRows(ctx, dir, p.Manifest.Hub.File, rows); err != nil {
		return err
	}
	if o.Background != nil {
		if rows, err = background(ctx, e, o); err != nil {
			return err
		}
		if n := len(rows) / p.Manifest.Dims; n < MinBackground {
			return fmt.Errorf("%w: %d background photos, at least %d are needed to judge scores by", ErrFolder, n, MinBackground)
		}
		p.Manifest.Background.File = "background.npy"
		if err := p.putRows(ctx, dir, p.Manifest.Background.File, rows); err != nil {
			return err
		}
	}
	if err := p.writeManifest(dir); err != nil {
		return err
	}
	_, err = encode.OpenPack(dir)
	return err
}

func (p *Plan) putRows(ctx context.Context, dir, name string, rows []float32) error {
	var file bytes.Buffer
	if err := npy.WriteMatrix(&file, len(rows)/p.Manifest.Dims, p.Manifest.Dims, rows); err != nil {
		return err
	}
	return p.put(ctx, dir, name, &file)
}

// MinBackground is how many background photos a pack needs at least.
const MinBackground = 50

// background encodes the background photos, some at a time.
func background(ctx context.Context, e *encode.Encoder, o Options) (rows []float32, err error) {
	var clips [][]*frame.Frame
	flush := func() error {
		embeddings, err := e.EncodeClips(ctx, clips)
		for _, a := range embeddings {
			rows = append(rows, a.Vector...)
		}
		clips = clips[:0]
		return err
	}
	err = o.Background(ctx, func(f *frame.Frame) error {
		if clips = append(clips, []*frame.Frame{f}); len(clips) < 16 {
			return nil
		}
		return flush()
	})
	if err == nil && len(clips) > 0 {
		err = flush()
	}
	return rows, err
}

// card is card.md, for people.
func (p *Plan) card() []byte {
	var b strings.Builder
	m := p.Manifest
	fmt.Fprintf(&b, "# %s\n\nImported by gemba, not trained by it. Licence: %s.\n\n", m.Name, m.License)
	fmt.Fprintf(&b, "- from: %s\n- vectors of %d numbers; pictures of %d x %d pixels, %s, views %s\n", m.Provenance, m.Dims, m.Image.Width, m.Image.Height, m.Image.Resize, strings.Join(m.Image.Views, ", "))
	fmt.Fprintf(&b, "- texts of at most %d tokens\n- tokens for refinement: one a frame, its embedding in %d numbers\n", m.Text.MaxLength, m.Tokens.Dims)
	fmt.Fprintf(&b, "- hub term: %d everyday sentences, weights %v and %v (not measured for this model)\n", len(Sentences()), m.Hub.AlphaSentence, m.Hub.AlphaWord)
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	b.WriteString("\nNothing was measured. `gemba eval captions --pack DIR` and `gemba eval footage --pack DIR` do.\n")
	return []byte(b.String())
}
