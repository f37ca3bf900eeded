// Package config reads gemba.yaml: defaults in code, the file over the
// defaults, the environment over the file, and then one check of everything,
// whose report names every mistake with its file and line.
package config
