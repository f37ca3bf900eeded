package onnxfile

import (
	"fmt"
	"slices"
)

// Extract writes the part of a model that one of its outputs needs, as a model
// of its own: so a file that encodes pictures and texts becomes two. inputs are
// what the part still needs of the model's inputs.
func (m *Model) Extract(output string) (data []byte, inputs []string, err error) {
	if !slices.ContainsFunc(m.graph.outputs, func(o named) bool { return o.name == output }) {
		return nil, nil, fmt.Errorf("the model has no output %q", output)
	}
	giver := map[string]int{}
	for i, n := range m.graph.nodes {
		for _, name := range n.gives {
			giver[name] = i
		}
	}
	needed, keep := map[string]bool{output: true}, make([]bool, len(m.graph.nodes))
	for todo := []string{output}; len(todo) > 0; {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		i, ok := giver[name]
		if !ok || keep[i] {
			continue
		}
		keep[i] = true
		for _, read := range m.graph.nodes[i].reads {
			if read != "" && !needed[read] {
				needed[read] = true
				todo = append(todo, read)
			}
		}
	}
	var g []byte
	for i, n := range m.graph.nodes {
		if keep[i] {
			g = appendMessage(g, 1, n.raw)
		}
	}
	for _, n := range m.graph.initializers {
		if needed[n.name] {
			g = appendMessage(g, 5, n.raw)
		}
	}
	for _, f := range m.graph.rest {
		// Notes on values say nothing that is needed, and may be about parts left out.
		if f.number != 13 && f.number != 14 {
			g = append(g, f.raw...)
		}
	}
	for _, n := range m.graph.inputs {
		if needed[n.name] {
			g = appendMessage(g, 11, n.raw)
		}
	}
	for _, n := range m.graph.outputs {
		if n.name == output {
			g = appendMessage(g, 12, n.raw)
		}
	}
	for _, v := range m.Inputs {
		if needed[v.Name] {
			inputs = append(inputs, v.Name)
		}
	}
	return appendMessage(slices.Clone(m.rest), 7, g), inputs, nil
}
