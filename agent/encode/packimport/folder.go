package packimport

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// folder is a model as a hub has it.
type folder struct{ dir string }

// maxText bounds the small files; a large tokenizer.json has 40 MB.
const maxText = 256 << 20

func (f folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

func (f folder) has(name string) bool {
	info, err := os.Stat(f.path(name))
	return err == nil && info.Mode().IsRegular()
}

// first is the first of names that is there, "" if none is.
func (f folder) first(names ...string) string {
	for _, n := range names {
		if f.has(n) {
			return n
		}
	}
	return ""
}

func (f folder) read(name string) ([]byte, error) {
	info, err := os.Stat(f.path(name))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxText {
		return nil, fmt.Errorf("%w: %s is no file, or larger than %d MiB", ErrFolder, name, maxText>>20)
	}
	text, err := os.ReadFile(f.path(name))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return text, nil
}

// json reads a file into value; nothing happens if name is "".
func (f folder) json(name string, value any) error {
	if name == "" {
		return nil
	}
	text, err := f.read(name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fmt.Errorf("%w: %s: %w: download it again", ErrFolder, name, err)
	}
	return nil
}

// check tells what is no folder at all, or plainly no model.
func (f folder) check() error {
	entries, err := os.ReadDir(f.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s does not exist: name the folder that the model was downloaded to", ErrFolder, f.dir)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFolder, err)
	}
	for _, e := range entries {
		if e.Name() == "manifest.json" {
			return fmt.Errorf("%w: %s is a pack already: use it with --pack", ErrFolder, f.dir)
		}
	}
	return nil
}

// license is what the front matter of README.md says, "" if it doesn't.
func (f folder) license() string {
	text, err := f.read("README.md")
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n")
	if len(lines) == 0 || strings.TrimSpace(lines[0]) != "---" {
		return ""
	}
	found := map[string]string{}
	for _, line := range lines[1:] {
		if strings.TrimSpace(line) == "---" {
			break
		}
		if key, value, ok := strings.Cut(line, ":"); ok && !strings.HasPrefix(key, " ") {
			found[key] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	// "other" says only that there are terms.
	if l := found["license"]; l != "" && l != "other" && l != "unknown" {
		return l
	}
	return found["license_name"]
}
