package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index/eval/report"
)

// registerReport adds the flag for an HTML report.
func registerReport(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVar(file, "report", "", "also write the figures with charts and intervals to this HTML file")
	markFiles(cmd, "html", "report")
}

// reportFile is an HTML report that is being made. A nil one takes everything and
// writes nothing.
type reportFile struct {
	path string
	part *os.File
}

// openReport makes sure that a report can be written, before anything is measured.
// Until it is, what stands at the path stays.
func openReport(path string) (*reportFile, error) {
	if path == "" {
		return nil, nil
	}
	part, err := os.CreateTemp(filepath.Dir(path), ".gemba-report-*")
	if err != nil {
		return nil, fmt.Errorf("write the report: %w", err)
	}
	return &reportFile{path, part}, nil
}

// write finishes the report.
func (f *reportFile) write(r *report.Report) error {
	if f == nil {
		return nil
	}
	if err := r.Write(f.part); err != nil {
		return err
	}
	// CreateTemp lets only the owner read; a report is for showing around.
	if err := errors.Join(f.part.Chmod(0o644), f.part.Close()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if err := os.Rename(f.part.Name(), f.path); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// discard removes what was not finished.
func (f *reportFile) discard() {
	if f != nil {
		f.part.Close()
		os.Remove(f.part.Name()) // gone already if it was finished
	}
}
