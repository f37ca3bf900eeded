package main

import (
	"github.com/spf13/cobra"
)

func newEvalCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "eval",
		Short:   "Measure how good answers are",
		GroupID: groupMeasure,
		Long: `Measures how good answers are, on similarity matrices of any model or with the
model pack on your own photos and footage. Needs neither a daemon nor a data
folder. docs/evaluation.md defines each figure.`,
		Args: noArguments,
		RunE: needsSubcommand,
	}
	cmd.AddCommand(
		newEvalMatrixCommand(a),
		newEvalEK100Command(a),
		newEvalCaptionsCommand(a),
		newEvalLabelsCommand(a),
		newEvalNegationCommand(a),
		newEvalFootageCommand(a),
	)
	return cmd
}
