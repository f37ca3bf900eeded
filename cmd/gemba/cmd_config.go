package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/agent/config"
)

func newConfigCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Check a configuration",
		GroupID: groupCare,
		Args:    noArguments,
		RunE:    needsSubcommand,
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "check FILE",
		Short: "Report every mistake in a configuration file, each with file and line",
		Long: `Reads a configuration as gembad would and reports every mistake at once, each
with file and line. Exit code 78 if there is any. Nothing is started.`,
		Example: "  gemba config check /etc/gemba/gemba.yaml",
		Args:    exactly(1, "one FILE"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.checkConfig(args[0]) },
	})
	return cmd
}

// configReport is what config check prints with --json.
type configReport struct {
	File     string          `json:"file"`
	OK       bool            `json:"ok"`
	Problems []configProblem `json:"problems"`
	Warnings []configProblem `json:"warnings"`
}

type configProblem struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Text string `json:"text"`
}

func (a *app) checkConfig(path string) error {
	c, err := config.Load(path)
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) {
		return err
	}
	report := configReport{File: path, OK: err == nil, Problems: configProblems(problems), Warnings: []configProblem{}}
	if c != nil {
		report.Warnings = configProblems(c.Warnings)
	}
	if a.flags.json {
		if printErr := a.printJSON(report); printErr != nil {
			return printErr
		}
		if err != nil {
			return &reportedError{err}
		}
		return nil
	}
	if err != nil {
		return err
	}
	for _, w := range c.Warnings {
		a.remark("%s: note: %s", w.File, w.Text)
	}
	_, err = fmt.Fprintf(a.stdout, "%s: ok, %s, data in %s\n", path, count(len(c.Cameras), "camera"), c.DataDir)
	return err
}

func configProblems(list config.Problems) []configProblem {
	out := make([]configProblem, len(list))
	for i, p := range list {
		out[i] = configProblem{File: p.File, Line: p.Line, Text: p.Text}
	}
	return out
}
