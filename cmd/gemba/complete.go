package main

import "github.com/spf13/cobra"

// markFiles and markFolders tell shell completion what flags take. A flag that
// is not there is a mistake in this program, found by any test.

func markFiles(cmd *cobra.Command, extension string, flags ...string) {
	for _, name := range flags {
		if err := cmd.MarkFlagFilename(name, extension); err != nil {
			panic(err)
		}
	}
}

func markFolders(cmd *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := cmd.MarkFlagDirname(name); err != nil {
			panic(err)
		}
	}
}
