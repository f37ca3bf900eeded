package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
)

// app is everything the commands touch outside themselves, so that tests can
// run the whole command line against a daemon of their own.
type app struct {
	stdout, stderr io.Writer
	terminal       bool // stderr is a terminal: progress may be drawn
	getenv         func(string) string
	now            func() time.Time
	location       *time.Location
	pollEvery      time.Duration // how often a job of the daemon is asked for its state
	sockets        []string      // where a daemon is looked for when nothing is said
	local          local         // what works without a daemon

	flags globalFlags
}

// globalFlags are understood by every command.
type globalFlags struct {
	json    bool
	quiet   bool
	socket  string
	dataDir string
}

// run executes one command line and returns the exit code. Errors are printed
// here and nowhere else.
func (a *app) run(ctx context.Context, args []string) int {
	root := newRootCommand(a)
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		a.printError(ctx, cmd, err)
	}
	return exitCode(err)
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "gemba",
		Short: "Find moments in camera footage by describing them",
		Long: `gemba finds moments in camera footage by describing them, takes footage in,
and looks after the index.

It talks to gembad over its Unix socket (--socket, GEMBA_SOCKET, --data-dir,
/run/gemba/gembad.sock, ./build/demo/gembad.sock, in that order). Where no
daemon answers and --data-dir is given, it works on that folder directly.

Exit codes: 0 done, 1 failure, 2 wrong usage, 78 wrong configuration.`,
		Example: `  gemba search "a worker with a yellow helmet"
  gemba import /srv/footage --camera yard
  gemba doctor`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          needsSubcommand,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(err)
	})
	f := root.PersistentFlags()
	f.BoolVar(&a.flags.json, "json", false, "print JSON for programs instead of text for people")
	f.BoolVarP(&a.flags.quiet, "quiet", "q", false, "no progress and no remarks, only the result and errors")
	f.StringVar(&a.flags.socket, "socket", "", "Unix socket of gembad")
	f.StringVar(&a.flags.dataDir, "data-dir", "", "data folder: its daemon is asked, or it is opened directly where none answers")

	root.AddGroup(
		&cobra.Group{ID: groupUse, Title: "Use:"},
		&cobra.Group{ID: groupCare, Title: "Care:"},
		&cobra.Group{ID: groupMeasure, Title: "Measure:"},
	)
	root.AddCommand(
		newSearchCommand(a),
		newImportCommand(a),
		newCameraCommand(a),
		newConfigCommand(a),
		newIndexCommand(a),
		newPackCommand(a),
		newDoctorCommand(a),
		newEvalCommand(a),
		newVersionCommand(a),
	)
	return root
}

// Groups of the help page.
const (
	groupUse     = "use"
	groupCare    = "care"
	groupMeasure = "measure"
)

// printJSON writes v as indented JSON with a final newline.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// remark tells a person something that is not the result.
func (a *app) remark(format string, args ...any) {
	if !a.flags.quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}
