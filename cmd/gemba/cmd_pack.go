package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// maxManifest bounds manifest.json; a real one has a few kilobytes.
const maxManifest = 4 << 20

// manifestFile is the file of a pack that describes all others.
const manifestFile = "manifest.json"

func newPackCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "pack",
		Short:   "Look at a model pack, or make one",
		GroupID: groupCare,
		Args:    noArguments,
		RunE:    needsSubcommand,
	}
	var pack string
	info := &cobra.Command{
		Use:   "info [DIR]",
		Short: "Print a pack's manifest: what it is, its licence, its measured quality",
		Args:  atMostOne,
		RunE:  func(cmd *cobra.Command, args []string) error { return a.packInfo(packArgument(args, pack)) },
	}
	verify := &cobra.Command{
		Use:   "verify [DIR]",
		Short: "Check every file of a pack against its hash, then try the model",
		Args:  atMostOne,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.packVerify(cmd.Context(), packArgument(args, pack))
		},
	}
	for _, sub := range []*cobra.Command{info, verify} {
		sub.Flags().StringVar(&pack, "pack", bundledPack, "folder of the model pack (the same as DIR)")
		markFolders(sub, "pack")
		sub.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		cmd.AddCommand(sub)
	}
	cmd.AddCommand(newPackImportCommand(a))
	return cmd
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s takes one DIR at most, got %d arguments", cmd.CommandPath(), len(args))
	}
	return nil
}

func packArgument(args []string, pack string) string {
	if len(args) == 1 {
		return args[0]
	}
	return pack
}

// manifest is what a person wants to know of manifest.json.
type manifest struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	License    string `json:"license"`
	Provenance string `json:"provenance"`
	Dims       int    `json:"dims"`
	Files      map[string]struct {
		Bytes  int64  `json:"bytes"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
	Quality map[string]any `json:"quality"`
}

// readManifest reads a pack's manifest without judging its files: a damaged
// pack can still say what it is.
func (a *app) readManifest(pack string) (dir string, raw []byte, m *manifest, err error) {
	dir, err = a.local.PackDir(pack)
	if err != nil {
		return "", nil, nil, err
	}
	f, err := os.Open(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil, fmt.Errorf("%s is no model pack: it has no %s", dir, manifestFile)
	}
	if err != nil {
		return "", nil, nil, err
	}
	defer f.Close()
	raw, err = io.ReadAll(io.LimitReader(f, maxManifest+1))
	if err != nil {
		return "", nil, nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	if len(raw) > maxManifest {
		return "", nil, nil, fmt.Errorf("%s is larger than %d MiB", f.Name(), maxManifest>>20)
	}
	m = &manifest{}
	if err := json.Unmarshal(raw, m); err != nil {
		return "", nil, nil, fmt.Errorf("read %s: %w", f.Name(), err)
	}
	return dir, raw, m, nil
}

func (a *app) packInfo(pack string) error {
	dir, raw, m, err := a.readManifest(pack)
	if err != nil {
		return err
	}
	if a.flags.json {
		return a.printJSON(json.RawMessage(raw))
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "pack\t%s %s\n", printable(m.Name), printable(m.Version))
	fmt.Fprintf(w, "folder\t%s\n", printable(dir))
	fmt.Fprintf(w, "licence\t%s\n", printable(m.License))
	fmt.Fprintf(w, "provenance\t%s\n", printable(m.Provenance))
	fmt.Fprintf(w, "vector\t%d numbers\n", m.Dims)
	var total int64
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		f := m.Files[name]
		total += f.Bytes
		fmt.Fprintf(w, "file\t%s, %s\n", printable(name), bytesText(f.Bytes))
	}
	fmt.Fprintf(w, "size\t%s in all\n", bytesText(total))
	for _, name := range slices.Sorted(maps.Keys(m.Quality)) {
		for _, line := range figures(name, m.Quality[name]) {
			fmt.Fprintf(w, "quality\t%s\n", printable(line))
		}
	}
	w.Flush()
	_, err = a.stdout.Write([]byte(b.String()))
	return err
}

// figures writes nested measurements as one line per number, "a b c: 0.5".
// Lists are for programs (--json) and left out.
func figures(name string, value any) []string {
	switch v := value.(type) {
	case map[string]any:
		var lines []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			lines = append(lines, figures(name+" "+key, v[key])...)
		}
		return lines
	case []any:
		return nil
	}
	return []string{fmt.Sprintf("%s: %v", name, value)}
}

// packReport is what pack verify prints with --json.
type packReport struct {
	Dir      string        `json:"dir"`
	Name     string        `json:"name"`
	Version  string        `json:"version"`
	OK       bool          `json:"ok"`
	Files    []packProblem `json:"problems"`
	SelfTest string        `json:"self_test"` // what the model answered, or why not
}

type packProblem struct {
	File  string `json:"file"`
	Error string `json:"error"`
}

func (a *app) packVerify(ctx context.Context, pack string) error {
	dir, _, m, err := a.readManifest(pack)
	if err != nil {
		return err
	}
	r := packReport{Dir: dir, Name: m.Name, Version: m.Version, Files: []packProblem{}}
	if len(m.Files) == 0 {
		r.Files = append(r.Files, packProblem{manifestFile, "names no files"})
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := verifyFile(dir, name, m.Files[name].Bytes, m.Files[name].SHA256); err != nil {
			r.Files = append(r.Files, packProblem{name, err.Error()})
		}
	}
	if len(r.Files) > 0 {
		r.SelfTest = "not tried: the files are not what the manifest says"
	} else if detail, err := a.local.CheckModel(ctx, dir); err != nil {
		r.SelfTest = err.Error()
	} else {
		r.OK, r.SelfTest = true, detail
	}
	if a.flags.json {
		err = a.printJSON(r)
	} else {
		err = a.printPackReport(&r, len(m.Files))
	}
	if err == nil && !r.OK {
		err = errReported
	}
	return err
}

func (a *app) printPackReport(r *packReport, files int) error {
	var b strings.Builder
	for _, p := range r.Files {
		fmt.Fprintf(&b, "%s: %s\n", printable(p.File), printable(p.Error))
	}
	switch {
	case r.OK:
		fmt.Fprintf(&b, "%s %s: %d files as they should be; the model works (%s).\n", printable(r.Name), printable(r.Version), files, printable(r.SelfTest))
	case len(r.Files) > 0:
		fmt.Fprintf(&b, "%s is damaged. Install it again (apt install --reinstall gemba for the bundled pack).\n", printable(r.Dir))
	default:
		fmt.Fprintf(&b, "The files are as they should be, but the model does not work: %s\n", printable(r.SelfTest))
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

// verifyFile compares one file with what the manifest says of it.
func verifyFile(dir, name string, size int64, sum string) error {
	if !filepath.IsLocal(name) {
		return errors.New("lies outside the pack's folder")
	}
	f, err := os.Open(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("is missing")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	switch {
	case err != nil:
		return fmt.Errorf("cannot be read: %w", err)
	case n != size:
		return fmt.Errorf("has %d bytes, should have %d", n, size)
	case !strings.EqualFold(hex.EncodeToString(h.Sum(nil)), sum):
		return errors.New("has another content than it should (SHA-256 differs)")
	}
	return nil
}
