package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// The makers below give the fields of a schema: each reads one kind of value into its destination.

func object(fields map[string]*field) *field { return &field{fields: fields} }

func text(dst *string) *field {
	return &field{scalar: func(v string, kind scalarKind) error {
		if kind != kindString {
			return fmt.Errorf("needs text, not %s: put it in quotes, \"%s\"", kind, v)
		}
		*dst = v
		return nil
	}}
}

func oneOf(dst *string, allowed ...string) *field {
	return &field{scalar: func(v string, kind scalarKind) error {
		for _, a := range allowed {
			if v == a {
				*dst = v
				return nil
			}
		}
		return fmt.Errorf("%q is none of %s", v, strings.Join(allowed, ", "))
	}}
}

func boolean(dst *bool) *field {
	return &field{scalar: func(v string, kind scalarKind) error {
		b, err := strconv.ParseBool(v)
		if err != nil || v == "0" || v == "1" {
			return fmt.Errorf("needs true or false, not %q", v)
		}
		*dst = b
		return nil
	}}
}

func duration(dst *Duration) *field {
	return &field{scalar: func(v string, kind scalarKind) error {
		if kind == kindNumber && v != "0" {
			return fmt.Errorf("%s has no unit: write a duration such as %ss, %sm, %sh or %sd", v, v, v, v, v)
		}
		d, err := ParseDuration(v)
		if err == nil {
			*dst = d
		}
		return err
	}}
}

func byteSize(dst *ByteSize) *field {
	return &field{scalar: func(v string, kind scalarKind) error {
		if kind == kindNumber && v != "0" {
			return fmt.Errorf("%s has no unit: write a size such as %sMiB or %sGiB", v, v, v)
		}
		b, err := ParseByteSize(v)
		if err == nil {
			*dst = b
		}
		return err
	}}
}

// version accepts the one format this program reads.
func version(dst *int) *field {
	return &field{scalar: func(v string, kind scalarKind) error {
		n, err := strconv.Atoi(v)
		switch {
		case err != nil || n < 1:
			return errors.New("needs the number 1")
		case n > 1:
			return fmt.Errorf("%d is a newer format than this program reads (1): install the gemba that it was written for", n)
		}
		*dst = n
		return nil
	}}
}

func (k scalarKind) String() string {
	return [...]string{"text", "a number", "true or false"}[k]
}
