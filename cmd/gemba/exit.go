package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/index/query"
)

// Exit codes, shared with gembad.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitConfig  = 78 // EX_CONFIG of sysexits.h
)

// exitCodes is the one table from errors to exit codes; what it does not list
// is a failure.
var exitCodes = []struct {
	code  int
	match func(error) bool
}{
	{exitUsage, isA[*usageError]},
	{exitUsage, isA[*query.InvalidError]},
	{exitUsage, func(err error) bool {
		var e *daemonError
		return errors.As(err, &e) && (e.Status == 400 || e.Status == 422)
	}},
	{exitUsage, func(err error) bool { return errors.Is(err, agent.ErrBadRequest) }},
	{exitConfig, isA[config.Problems]},
}

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	for _, row := range exitCodes {
		if row.match(err) {
			return row.code
		}
	}
	return exitFailure
}

func isA[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// usageError is a command line that cannot be meant.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(err error) error { return &usageError{err} }

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// reportedError ends a command whose result has already said everything: damage
// found, a file that failed. Only its exit code is left.
type reportedError struct{ err error }

func (e *reportedError) Error() string { return e.err.Error() }
func (e *reportedError) Unwrap() error { return e.err }

// errReported is a reportedError without a cause of its own.
var errReported = &reportedError{errors.New("reported above")}

// printError writes an error for a person: what happened and, in the error's
// own words, what to do.
func (a *app) printError(ctx context.Context, cmd *cobra.Command, err error) {
	if isA[*reportedError](err) {
		return
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		fmt.Fprintln(a.stderr, "gemba: stopped")
		return
	}
	text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "\n  ")
	fmt.Fprintf(a.stderr, "gemba: %s\n", text)
	if isA[*usageError](err) {
		fmt.Fprintf(a.stderr, "Run '%s --help' for how it is used.\n", cmd.CommandPath())
	}
}

// noArguments, exactly and atLeast check positional arguments. Cobra's own
// checks give errors that cannot be told from failures.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if cmd.HasSubCommands() {
		hint := ""
		cmd.SuggestionsMinimumDistance = 2 // letters that may be wrong
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			hint = fmt.Sprintf("; did you mean %q?", near[0])
		}
		return usagef("%s has no command %q%s", cmd.CommandPath(), args[0], hint)
	}
	return usagef("%s takes no argument, got %q", cmd.CommandPath(), args[0])
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usagef("%s needs %s, got %d arguments (quote what has blanks)", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

func atLeast(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < n {
			return usagef("%s needs %s", cmd.CommandPath(), what)
		}
		return nil
	}
}

// needsSubcommand is the RunE of a command that only holds others.
func needsSubcommand(cmd *cobra.Command, _ []string) error {
	cmd.SetOut(cmd.ErrOrStderr())
	if err := cmd.Help(); err != nil {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr())
	return usagef("name one of the commands above")
}

// required returns a usage error for a flag that was left out.
func required(cmd *cobra.Command, flags ...string) error {
	for _, name := range flags {
		if !cmd.Flags().Changed(name) {
			return usagef("%s needs --%s", cmd.CommandPath(), name)
		}
	}
	return nil
}
