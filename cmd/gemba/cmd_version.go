package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/internal/version"
)

func newVersionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which build this is",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if a.flags.json {
				return a.printJSON(map[string]string{
					"version":  version.Version,
					"commit":   version.Commit,
					"date":     version.Date,
					"go":       runtime.Version(),
					"platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			_, err := fmt.Fprintln(a.stdout, "gemba", version.String())
			return err
		},
	}
}
