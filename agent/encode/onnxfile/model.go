package onnxfile

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// MaxSize is how large a file may be; more than a protocol buffer can hold.
const MaxSize = 2 << 30

// Type is the type of a tensor's elements, with ONNX's numbers.
type Type int

// The types that models of pictures and texts take and give.
const (
	Float32 Type = 1
	Int32   Type = 6
	Int64   Type = 7
	Float16 Type = 10
)

func (t Type) String() string {
	switch t {
	case Float32:
		return "float32"
	case Int32:
		return "int32"
	case Int64:
		return "int64"
	case Float16:
		return "float16"
	}
	return fmt.Sprintf("type %d", int(t))
}

// Value is an input or output of a model.
type Value struct {
	Name string
	Type Type
	// Shape has one extent per dimension, -1 where it may vary. It is nil if the
	// file doesn't say.
	Shape []int64
}

func (v Value) String() string {
	return fmt.Sprintf("%s %v %v", v.Name, v.Type, v.Shape)
}

// Model is a parsed file. It refers to the bytes it was parsed from.
type Model struct {
	Inputs  []Value // what has to be given; constants are left out
	Outputs []Value
	// External are the files, as the model names them, that hold its weights; nil
	// if it holds them itself.
	External []string

	rest  []byte // all of the model but its graph
	graph graph
}

// graph is a GraphProto in parts.
type graph struct {
	nodes        []node
	initializers []named
	inputs       []named
	outputs      []named
	rest         []field // all else, in order
}

// named is a part of a graph that has a name.
type named struct {
	name string
	raw  []byte
}

type node struct {
	reads, gives []string // names; reads has those of subgraphs too
	raw          []byte
}

// Read reads and parses a file. Errors wrap ErrDamaged or come from the file
// system.
func Read(name string) (*Model, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > MaxSize {
		return nil, fmt.Errorf("%w: %d bytes are more than an ONNX file can have", ErrDamaged, info.Size())
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Parse(data)
}

// Parse takes a model apart. Errors wrap ErrDamaged.
func Parse(data []byte) (*Model, error) {
	m := &Model{}
	found := false
	err := fields(data, func(f field) error {
		if f.number != 7 || f.data == nil {
			m.rest = append(m.rest, f.raw...)
			return nil
		}
		found = true
		return m.graph.parse(f.data)
	})
	if err != nil {
		return nil, err
	}
	if !found || len(m.graph.nodes) == 0 || len(m.graph.outputs) == 0 {
		return nil, fmt.Errorf("%w: it has no graph", ErrDamaged)
	}
	return m, m.describe()
}

// describe fills in the exported fields.
func (m *Model) describe() error {
	constants := map[string]bool{}
	for _, i := range m.graph.initializers {
		constants[i.name] = true
	}
	for _, list := range []struct {
		from []named
		to   *[]Value
	}{{m.graph.inputs, &m.Inputs}, {m.graph.outputs, &m.Outputs}} {
		for _, n := range list.from {
			if constants[n.name] {
				continue
			}
			v, err := parseValue(n.raw)
			if err != nil {
				return err
			}
			*list.to = append(*list.to, v)
		}
	}
	for _, i := range m.graph.initializers {
		at, err := location(i.raw)
		if err != nil {
			return err
		}
		if at != "" && !slices.Contains(m.External, at) {
			m.External = append(m.External, at)
		}
	}
	slices.Sort(m.External)
	return nil
}

func (g *graph) parse(data []byte) error {
	return fields(data, func(f field) error {
		switch f.number {
		case 1:
			n := node{raw: f.data}
			if err := n.parse(f.data, 0); err != nil {
				return err
			}
			g.nodes = append(g.nodes, n)
		case 5:
			name, err := text(f.data, 8)
			if err != nil {
				return err
			}
			g.initializers = append(g.initializers, named{name, f.data})
		case 11, 12:
			name, err := text(f.data, 1)
			if err != nil {
				return err
			}
			if f.number == 11 {
				g.inputs = append(g.inputs, named{name, f.data})
			} else {
				g.outputs = append(g.outputs, named{name, f.data})
			}
		default:
			g.rest = append(g.rest, f)
		}
		return nil
	})
}

// maxDepth bounds graphs within graphs.
const maxDepth = 32

func (n *node) parse(data []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: graphs within graphs %d deep", ErrDamaged, depth)
	}
	return fields(data, func(f field) error {
		switch f.number {
		case 1:
			n.reads = append(n.reads, string(f.data))
		case 2:
			n.gives = append(n.gives, string(f.data))
		case 5:
			return fields(f.data, func(a field) error {
				if a.number != 6 && a.number != 11 {
					return nil
				}
				return n.subgraph(a.data, depth+1)
			})
		}
		return nil
	})
}

// subgraph adds what a graph inside the node may read from around it.
func (n *node) subgraph(data []byte, depth int) error {
	return fields(data, func(f field) error {
		switch f.number {
		case 1:
			inner := node{}
			if err := inner.parse(f.data, depth); err != nil {
				return err
			}
			n.reads = append(n.reads, inner.reads...)
		case 12:
			name, err := text(f.data, 1)
			if err != nil {
				return err
			}
			n.reads = append(n.reads, name)
		}
		return nil
	})
}

// text is the string in field `number` of a message, "" if there is none.
func text(message []byte, number int) (string, error) {
	found := ""
	err := fields(message, func(f field) error {
		if f.number == number {
			found = string(f.data)
		}
		return nil
	})
	return found, err
}

// location is the file that holds a tensor's values, "" if the tensor does.
func location(tensor []byte) (string, error) {
	external, at := false, ""
	err := fields(tensor, func(f field) error {
		switch f.number {
		case 14:
			external = f.value == 1
		case 13:
			key, err := text(f.data, 1)
			if err != nil || key != "location" {
				return err
			}
			at, err = text(f.data, 2)
			return err
		}
		return nil
	})
	if err != nil || !external {
		return "", err
	}
	if at == "" {
		return "", fmt.Errorf("%w: weights lie in another file that isn't named", ErrDamaged)
	}
	return at, nil
}

func parseValue(message []byte) (Value, error) {
	v := Value{}
	err := fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Name = string(f.data)
		case 2:
			return fields(f.data, func(f field) error {
				if f.number != 1 {
					return nil
				}
				return v.tensor(f.data)
			})
		}
		return nil
	})
	if err == nil && v.Name == "" {
		err = errors.Join(ErrDamaged, errors.New("an input or output has no name"))
	}
	return v, err
}

func (v *Value) tensor(message []byte) error {
	return fields(message, func(f field) error {
		switch f.number {
		case 1:
			v.Type = Type(f.value)
		case 2:
			v.Shape = []int64{}
			return fields(f.data, func(f field) error {
				if f.number != 1 {
					return nil
				}
				extent := int64(-1)
				err := fields(f.data, func(f field) error {
					if f.number == 1 {
						extent = int64(f.value)
					}
					return nil
				})
				v.Shape = append(v.Shape, extent)
				return err
			})
		}
		return nil
	})
}

// Interface is the model without its insides, which may fill gigabytes: inputs,
// outputs and the names of external files. Nothing can be extracted from it.
func (m *Model) Interface() *Model {
	return &Model{Inputs: m.Inputs, Outputs: m.Outputs, External: m.External}
}

// Output is the output of a name, an error if there is none.
func (m *Model) Output(name string) (Value, error) {
	i := slices.IndexFunc(m.Outputs, func(v Value) bool { return v.Name == name })
	if i < 0 {
		return Value{}, fmt.Errorf("the model has no output %q", name)
	}
	return m.Outputs[i], nil
}
