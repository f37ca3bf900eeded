package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile bounds a configuration: a larger file was passed by mistake.
const maxFile = 1 << 20

// Load reads and checks the configuration in path, with the environment over
// it (GEMBA_HTTP_LISTEN for http.listen, and so on; not for cameras). Relative
// paths in the file are taken from the folder that holds the file, wherever the
// program was started. The error is Problems, with every mistake found.
func Load(path string) (*Config, error) { return load(path, os.Environ()) }

func load(path string, environ []string) (*Config, error) {
	r := newReader(path)
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", path, err)
	}
	text, err := readFile(abs)
	if err != nil {
		return nil, Problems{{File: path, Text: err.Error()}}
	}
	return r.load(text, abs, environ)
}

// Parse reads and checks a configuration given as text. name stands in
// reports; base is the folder that relative paths are taken from.
func Parse(text []byte, name, base string) (*Config, error) {
	return newReader(name).load(text, filepath.Join(base, filepath.Base(name)), nil)
}

func (r *reader) load(text []byte, abs string, environ []string) (*Config, error) {
	d := &document{config: Default()}
	d.setDefaults()
	d.config.File = abs
	schema := d.schema()
	if body := r.document(text); body != nil {
		r.read(body, schema, "")
		r.environment(schema, environ)
		r.check(d, filepath.Dir(abs))
	}
	if len(r.problems) > 0 {
		r.problems.sort()
		return nil, r.problems
	}
	return d.config, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, plain(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, plain(err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("is larger than %d bytes: this is no configuration", maxFile)
	}
	return text, nil
}

// plain says an error of the file system in words, without the path, which the report has already.
func plain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such file")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by this user")
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
