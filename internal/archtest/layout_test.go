package archtest

import (
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// No Go file lies at the top of the module or directly in sync/: a package "sync" of ours would shadow the standard
// one in every file that imports both, and the top level only says what there is.
func TestNoPackageAtTopOrInSync(t *testing.T) {
	for _, folder := range []string{".", "sync"} {
		files, err := filepath.Glob(filepath.Join(root(t), folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			t.Errorf("%s: no Go file may lie directly in %s", filepath.Base(file), folder)
		}
	}
}

// Every package says its one purpose in doc.go, and nowhere else, so that a reader knows where to look.
func TestEveryPackageSaysItsPurpose(t *testing.T) {
	for _, p := range packages(t) {
		comment, err := packageComment(filepath.Join(p.Dir, "doc.go"))
		if err != nil {
			t.Errorf("%s: needs a doc.go with a package comment: %v", p.place(), err)
			continue
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command " + filepath.Base(p.Dir) + " "
		}
		if !strings.HasPrefix(comment, want) {
			t.Errorf("%s: the comment in doc.go must begin with %q, not %q", p.place(), want, firstLine(comment))
		}
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if filepath.Base(file) == "doc.go" || strings.HasSuffix(file, "_test.go") {
				continue
			}
			if comment, err := packageComment(file); err != nil {
				t.Error(err)
			} else if comment != "" {
				t.Errorf("%s: %s has a package comment too: %q", p.place(), filepath.Base(file), firstLine(comment))
			}
		}
	}
}

// The index and what headquarters links need no C compiler: they build, tests included, without cgo.
func TestBuildsWithoutCgo(t *testing.T) {
	packages(t)
	args := []string{"vet"}
	for _, folder := range []string{"index", "sync"} {
		if _, err := os.Stat(filepath.Join(root(t), folder)); err == nil {
			args = append(args, "./"+folder+"/...")
		}
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root(t)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("CGO_ENABLED=0 go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// packageComment is the comment above the package clause of a file, without directives such as "//go:build".
func packageComment(file string) (string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(parsed.Doc.Text()), nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
