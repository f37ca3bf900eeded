package main

import (
	"errors"
	"flag"
	"fmt"

	"github.com/gembahq/gemba/agent/config"
)

// Exit codes, shared with the unit file and with gemba.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitConfig  = 78 // EX_CONFIG of sysexits.h
)

// errUsage is a command line that cannot be meant and was already answered.
var errUsage = errors.New("usage")

// usageError is a command line that cannot be meant.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// exitCode is the one table from errors to exit codes.
func exitCode(err error) int {
	var usage *usageError
	var problems config.Problems
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage), errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &problems):
		return exitConfig
	}
	return exitFailure
}
