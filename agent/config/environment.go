package config

import "strings"

// environment applies GEMBA_… variables over what the file says. A variable
// whose name is no key is somebody else's and is left alone.
func (r *reader) environment(schema *field, environ []string) {
	keys := map[string]*field{}
	flatten(schema, "GEMBA", keys)
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		f, ok := keys[name]
		if !ok || value == "" {
			continue
		}
		if err := f.scalar(value, kindString); err != nil {
			r.problems = append(r.problems, Problem{File: "environment", Text: name + ": " + err.Error()})
		}
	}
}

// flatten names every single value below f by its variable.
func flatten(f *field, name string, into map[string]*field) {
	switch {
	case f.scalar != nil:
		into[name] = f
	case f.fields != nil:
		for key, below := range f.fields {
			flatten(below, name+"_"+strings.ToUpper(key), into)
		}
	}
}
