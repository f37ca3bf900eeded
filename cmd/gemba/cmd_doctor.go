package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// Outcomes of a check.
const (
	checkOK   = "ok"
	checkWarn = "warn" // works, but not as well as it could
	checkFail = "fail" // does not work
)

// check is one finding of the doctor. Advice says what to do; it is empty only
// if all is well.
type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Advice string `json:"advice"`
}

func ok(name, format string, args ...any) check {
	return check{Name: name, Status: checkOK, Detail: fmt.Sprintf(format, args...)}
}

func warn(name, advice, format string, args ...any) check {
	return check{Name: name, Status: checkWarn, Detail: fmt.Sprintf(format, args...), Advice: advice}
}

func fail(name, advice, format string, args ...any) check {
	return check{Name: name, Status: checkFail, Detail: fmt.Sprintf(format, args...), Advice: advice}
}

// doctorReport is what doctor prints with --json.
type doctorReport struct {
	OK     bool    `json:"ok"` // nothing failed
	Checks []check `json:"checks"`
}

func newDoctorCommand(a *app) *cobra.Command {
	var pack string
	cmd := &cobra.Command{
		Use:     "doctor",
		Short:   "Check this box and say what to do",
		GroupID: groupCare,
		Long: `Checks the machine, the libraries, the model pack, the data folder and the
daemon. Each line is ok, warn or fail, and says what to do. Exit code 1 if
anything failed. Nothing is changed.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context(), pack) },
	}
	cmd.Flags().StringVar(&pack, "pack", bundledPack, "folder of the model pack to check")
	markFolders(cmd, "pack")
	return cmd
}

func (a *app) doctor(ctx context.Context, pack string) error {
	report := doctorReport{OK: true, Checks: []check{}}
	add := func(checks ...check) {
		for _, c := range checks {
			report.OK = report.OK && c.Status != checkFail
			report.Checks = append(report.Checks, c)
			if !a.flags.json {
				a.printCheck(c)
			}
		}
	}
	add(a.checkProgram(), checkProcessor(), checkMemory(), a.checkClock())
	add(a.checkModel(ctx, pack), checkLibraries())
	d, daemonChecks := a.checkDaemon(ctx)
	add(daemonChecks...)
	add(a.checkDataFolder(d)...)
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.flags.json {
		if err := a.printJSON(report); err != nil {
			return err
		}
	}
	if !report.OK {
		return errReported
	}
	return nil
}

func (a *app) printCheck(c check) {
	fmt.Fprintf(a.stdout, "%-5s %-12s %s\n", c.Status, c.Name, printable(c.Detail))
	if c.Advice != "" {
		fmt.Fprintf(a.stdout, "%18s -> %s\n", "", strings.TrimSpace(c.Advice))
	}
}
