package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// A field is one place of a document: exactly one of its members is set.
type field struct {
	fields map[string]*field                         // an object with these keys
	scalar func(value string, kind scalarKind) error // a single value
	list   func(i int) *field                        // a list; called for each entry in turn
}

type scalarKind int

const (
	kindString scalarKind = iota
	kindNumber
	kindBool
)

// reader walks a YAML document along a schema of fields. It goes on after a
// mistake, so that one run finds them all, and remembers the line of every
// value for checks that come later.
type reader struct {
	file     string
	problems Problems
	lines    map[string]int // by path, for example cameras[2].id
	anchors  map[string]ast.Node
}

func newReader(file string) *reader {
	return &reader{file: file, lines: map[string]int{}, anchors: map[string]ast.Node{}}
}

func (r *reader) problem(line int, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Text: fmt.Sprintf(format, args...)})
}

// at reports a mistake at the place of a value, or at the nearest enclosing one that is in the file.
func (r *reader) at(path, format string, args ...any) {
	r.problem(r.line(path), "%s: %s", path, fmt.Sprintf(format, args...))
}

func (r *reader) line(path string) int {
	for path != "" {
		if n, ok := r.lines[path]; ok {
			return n
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return 1
}

// document parses one YAML document. It returns nil where nothing can be read,
// which is then already reported.
func (r *reader) document(text []byte) (body ast.Node) {
	// The parser is somebody else's and meets whatever an editor left behind.
	defer func() {
		if p := recover(); p != nil {
			r.problem(1, "this is not YAML that can be read")
			body = nil
		}
	}()
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		var syntax *yaml.SyntaxError
		if errors.As(err, &syntax) && syntax.GetToken() != nil && syntax.GetToken().Position != nil {
			r.problem(syntax.GetToken().Position.Line, "not YAML: %s", syntax.GetMessage())
		} else {
			r.problem(1, "not YAML: %s", firstLine(err.Error()))
		}
		return nil
	}
	for _, doc := range file.Docs {
		if doc.Body == nil {
			continue
		}
		if _, ok := doc.Body.(*ast.CommentGroupNode); ok {
			continue
		}
		if body != nil {
			r.problem(nodeLine(doc.Body), "a second document (---): put everything into one")
			return body
		}
		body = doc.Body
	}
	if body == nil {
		r.problem(1, "the file is empty")
	}
	return body
}

// read takes a node in as the field says.
func (r *reader) read(n ast.Node, f *field, path string) {
	n = r.resolve(n, path)
	if n == nil {
		return
	}
	if path != "" {
		r.lines[path] = nodeLine(n)
	}
	switch {
	case f.fields != nil:
		r.object(n, f, path)
	case f.list != nil:
		r.entries(n, f, path)
	default:
		r.value(n, f, path)
	}
}

// resolve follows tags, anchors and aliases.
func (r *reader) resolve(n ast.Node, path string) ast.Node {
	for {
		switch t := n.(type) {
		case *ast.AnchorNode:
			r.anchors[t.Name.String()] = t.Value
			n = t.Value
		case *ast.AliasNode:
			to, ok := r.anchors[t.Value.String()]
			if !ok {
				r.problem(nodeLine(n), "%s: the alias *%s names no anchor above", path, t.Value.String())
				return nil
			}
			// An alias in its own anchor would go round for ever.
			delete(r.anchors, t.Value.String())
			out := r.resolve(to, path)
			r.anchors[t.Value.String()] = to
			return out
		case *ast.TagNode:
			n = t.Value
		case nil:
			return nil
		default:
			return n
		}
	}
}

func (r *reader) object(n ast.Node, f *field, path string) {
	var values []*ast.MappingValueNode
	switch t := n.(type) {
	case *ast.MappingNode:
		values = t.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{t}
	case *ast.NullNode:
		return // "http:" with nothing below it: all defaults
	default:
		r.problem(nodeLine(n), "%sneeds keys and values, not %s", prefix(path), kindOf(n))
		return
	}
	seen := map[string]int{}
	for _, v := range values {
		key, line := keyText(v.Key), nodeLine(v.Key)
		if _, ok := v.Key.(*ast.MergeKeyNode); ok {
			r.problem(line, "%smerging (<<) is not supported: write the keys out", prefix(path))
			continue
		}
		below, ok := f.fields[key]
		if !ok {
			known := make([]string, 0, len(f.fields))
			for k := range f.fields {
				known = append(known, k)
			}
			if near := nearest(key, known); near != "" {
				r.problem(line, "%sunknown key %q: did you mean %q?", prefix(path), key, near)
			} else {
				r.problem(line, "%sunknown key %q: the keys here are %s", prefix(path), key, strings.Join(known, ", "))
			}
			continue
		}
		if first, ok := seen[key]; ok {
			r.problem(line, "%sthe key %q is here twice, first on line %d", prefix(path), key, first)
			continue
		}
		seen[key] = line
		name := key
		if path != "" {
			name = path + "." + key
		}
		r.lines[name] = line
		r.read(v.Value, below, name)
	}
}

func (r *reader) entries(n ast.Node, f *field, path string) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		if _, null := n.(*ast.NullNode); !null {
			r.problem(nodeLine(n), "%s: needs a list (lines that begin with -), not %s", path, kindOf(n))
		}
		return
	}
	for i, v := range seq.Values {
		r.read(v, f.list(i), fmt.Sprintf("%s[%d]", path, i))
	}
}

func (r *reader) value(n ast.Node, f *field, path string) {
	var err error
	switch t := n.(type) {
	case *ast.StringNode:
		err = f.scalar(t.Value, kindString)
	case *ast.LiteralNode:
		err = f.scalar(t.Value.Value, kindString)
	case *ast.IntegerNode, *ast.FloatNode:
		err = f.scalar(n.GetToken().Value, kindNumber)
	case *ast.BoolNode:
		err = f.scalar(n.GetToken().Value, kindBool)
	case *ast.NullNode:
		return // "key:" with nothing behind it: the default
	default:
		err = fmt.Errorf("needs a single value, not %s", kindOf(n))
	}
	if err != nil {
		r.problem(nodeLine(n), "%s: %s", path, err)
	}
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return path + ": "
}

func keyText(k ast.MapKeyNode) string {
	if s, ok := k.(*ast.StringNode); ok {
		return s.Value
	}
	return strings.TrimSpace(k.String())
}

func nodeLine(n ast.Node) int {
	if n == nil {
		return 1
	}
	switch t := n.(type) {
	case *ast.MappingNode:
		if len(t.Values) > 0 && !t.IsFlowStyle {
			return nodeLine(t.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return nodeLine(t.Key)
	}
	if tk := n.GetToken(); tk != nil && tk.Position != nil {
		return tk.Position.Line
	}
	return 1
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "keys and values"
	case *ast.SequenceNode:
		return "a list"
	case *ast.StringNode, *ast.LiteralNode:
		return "text"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	}
	return "this"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
