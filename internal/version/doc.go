// Package version says which build this is. Its variables are set by the linker (see the Makefile); a plain
// "go build" leaves the defaults.
package version
