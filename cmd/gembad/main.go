package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/internal/version"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the whole program: flags, configuration, build, run, and one table
// from the error to the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	err := command(args, stdout, stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		printError(stderr, err)
	}
	return exitCode(err)
}

func command(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("gembad", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "`FILE` with the configuration (required)")
	check := flags.Bool("check", false, "only check the configuration and the model pack")
	showVersion := flags.Bool("version", false, "print the version")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: gembad --config FILE [--check]")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return errUsage // flag has printed it
	case flags.NArg() > 0:
		return usagef("gembad takes no argument, got %q", flags.Arg(0))
	case *showVersion:
		fmt.Fprintln(stdout, "gembad", version.String())
		return nil
	case *file == "":
		return usagef("gembad needs --config FILE; an example is installed as /etc/gemba/gemba.yaml")
	}
	c, err := config.Load(*file)
	if err != nil {
		return err
	}
	if *check {
		return checkOnly(c, stdout)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Once stopping, a second signal is no longer caught and ends the process at once.
	context.AfterFunc(ctx, stop)
	return serve(ctx, c, stdout, stderr)
}

// checkOnly reports what a start with this configuration would meet.
func checkOnly(c *config.Config, stdout io.Writer) error {
	for _, w := range c.Warnings {
		fmt.Fprintf(stdout, "warning: %s\n", w)
	}
	p, err := openPack(c)
	if err != nil {
		return err
	}
	m := p.Manifest()
	fmt.Fprintf(stdout, "%s is right: %d cameras, pack %s %s\n", c.File, len(c.Cameras), m.Name, m.Version)
	return nil
}

// printError writes an error for a person; a bad configuration has one line for each mistake.
func printError(w io.Writer, err error) {
	var problems config.Problems
	switch {
	case errors.As(err, &problems):
		fmt.Fprintln(w, problems)
		fmt.Fprintf(w, "gembad: the configuration has %s\n", count(len(problems), "mistake"))
	case errors.Is(err, errUsage):
	default:
		fmt.Fprintf(w, "gembad: %v\n", err)
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
