// Command gemba is the operator's command line: search, import, evaluation, care of
// the index and the pack, and a doctor for a box that misbehaves.
//
// It talks to gembad over its Unix socket. Where no daemon answers and a data
// folder is given, it works on the folder directly. docs/cli.md describes each
// command, its JSON and the exit codes.
package main
