package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A reach says which imports a rule looks at.
type reach int

const (
	direct     reach = iota // what the package imports itself, its tests included
	shipped                 // what the package imports itself, without its tests
	transitive              // what is linked when the package is
)

// A rule forbids packages to others. A pattern with a dot in its first element is an import path of another module;
// any other is a place below this module, never the standard library. "/..." at the end means all below too.
type rule struct {
	in     []string // whom it binds; empty: every package
	except []string // whom it does not bind
	never  []string // what they may not import
	reach  reach
	why    string
}

// violations are the imports of p that break r.
func (r rule) violations(p pkg) []string {
	place := p.place()
	if len(r.in) > 0 && !matchAny(r.in, place) || matchAny(r.except, place) {
		return nil
	}
	var looked []string
	switch r.reach {
	case direct:
		looked = p.allImports()
	case shipped:
		looked = p.Imports
	case transitive:
		looked = slices.Concat(p.Imports, p.Deps)
	}
	var found []string
	for _, imported := range looked {
		target, ours := strings.CutPrefix(imported, module+"/")
		if !ours && !foreign(imported) || ours && target == place {
			continue // the standard library; or an external test, which imports the package it tests
		}
		if matchAny(r.never, target) && !slices.Contains(found, imported) {
			found = append(found, imported)
		}
	}
	slices.Sort(found)
	return found
}

// foreign says whether an import path is another module's: the standard library's have no dot in the first element.
func foreign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

func matchAny(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		base, below := strings.CutSuffix(pattern, "/...")
		return path == base || below && strings.HasPrefix(path, base+"/")
	})
}

func TestRuleFindsViolations(t *testing.T) {
	const lib = "example.com/lib"
	p := pkg{
		ImportPath:   module + "/index/query",
		Imports:      []string{module + "/index", "sync", lib},
		TestImports:  []string{lib + "/sub"},
		XTestImports: []string{module + "/index/query"},
		Deps:         []string{"sync", "sync/atomic", lib, module + "/agent/frame", module + "/index"},
	}
	for _, tc := range []struct {
		name string
		rule rule
		want []string
	}{
		{"another place", rule{in: []string{"agent/..."}, never: []string{lib}}, nil},
		{"a place by itself does not bind those below", rule{in: []string{"index"}, never: []string{lib}}, nil},
		{"all below", rule{in: []string{"index/..."}, never: []string{lib}}, []string{lib}},
		{"every package", rule{never: []string{lib}}, []string{lib}},
		{"the exception", rule{never: []string{lib}, except: []string{"index/query"}}, nil},
		{"the standard library is free", rule{never: []string{"sync/..."}, reach: transitive}, nil},
		{"tests count", rule{never: []string{lib + "/sub"}}, []string{lib + "/sub"}},
		{"tests do not count", rule{never: []string{lib + "/sub"}, reach: shipped}, nil},
		{"through another", rule{never: []string{"agent/..."}, reach: transitive}, []string{module + "/agent/frame"}},
		{"not through another", rule{never: []string{"agent/..."}}, nil},
		{"a name that only begins alike", rule{never: []string{"inde/...", "ind"}}, nil},
		{"itself", rule{never: []string{"index/query"}}, nil},
		{"each once", rule{never: []string{"index"}, reach: transitive}, []string{module + "/index"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.rule.violations(p); fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("violations = %v, want %v", got, tc.want)
			}
		})
	}
}
