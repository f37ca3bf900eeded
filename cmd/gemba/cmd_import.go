package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/agent"
)

// importFlags are what a person says about the footage.
type importFlags struct {
	camera string
	start  string
	pack   string
}

var cameraID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

func newImportCommand(a *app) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:     "import PATH... --camera ID",
		Short:   "Take video files and folders in",
		GroupID: groupUse,
		Long: `Takes video files and whole folders (MP4, MKV, AVI, TS, MOV, WEBM and more) in,
so that their moments can be found. Symbolic links are followed. What was taken
in before is skipped, also after a rename; what was interrupted goes on where
it stopped. Each file that could not be read is named with the reason, and the
exit code is then 1, after all others are in.

When a recording began comes from the container, the file name or the file
time, unless --start says it.`,
		Example: `  gemba import /srv/nvr/cam3 --camera yard
  gemba import visit.mp4 --camera gate --start "2026-11-20 14:00"`,
		Args: atLeast(1, "at least one PATH"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "camera"); err != nil {
				return err
			}
			return a.importPaths(cmd.Context(), args, &f)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&f.camera, "camera", "", "id of the camera that recorded it ([a-z0-9][a-z0-9_-]{0,63})")
	fs.StringVar(&f.start, "start", "", "when the recording began: "+momentHelp)
	fs.StringVar(&f.pack, "pack", bundledPack, "without a daemon: folder of the model pack")
	registerCameraCompletion(a, cmd)
	return cmd
}

func (a *app) importPaths(ctx context.Context, paths []string, f *importFlags) error {
	if !cameraID.MatchString(f.camera) {
		return usagef("--camera %q is no camera id: lower-case letters, digits, _ and -, at most 64, beginning with a letter or digit", f.camera)
	}
	start, err := a.moment("start", f.start, dayStart)
	if err != nil {
		return err
	}
	// The daemon has another working folder.
	absolute := make([]string, len(paths))
	for i, p := range paths {
		if absolute[i], err = filepath.Abs(p); err != nil {
			return fmt.Errorf("find %s: %w", p, err)
		}
	}
	var report agent.ImportReport
	d, err := a.findDaemon(ctx)
	switch {
	case err == nil:
		report, err = a.importByDaemon(ctx, d, absolute, f.camera, start)
	case errors.As(err, new(*errNoDaemon)) && a.flags.dataDir != "":
		report, err = a.importLocally(ctx, absolute, f, start)
	}
	if err != nil {
		return err
	}
	return a.printImport(report)
}

func (a *app) importLocally(ctx context.Context, paths []string, f *importFlags, start *time.Time) (agent.ImportReport, error) {
	req := agent.ImportRequest{Paths: paths, Camera: f.camera, Location: a.location}
	if start != nil {
		req.Start = *start
	}
	d, err := a.local.OpenFolder(ctx, a.flags.dataDir, f.pack, true)
	if err != nil {
		return agent.ImportReport{}, err
	}
	bar := a.startProgress("import")
	report, err := d.Import(ctx, req, bar.importing)
	bar.end()
	return report, errors.Join(err, d.Close())
}

// printImport prints the report; files that failed make the command fail.
func (a *app) printImport(r agent.ImportReport) error {
	if r.Failed == nil {
		r.Failed = []agent.Failure{}
	}
	if a.flags.json {
		if err := a.printJSON(r); err != nil {
			return err
		}
	} else if err := a.printImportText(r); err != nil {
		return err
	}
	if len(r.Failed) > 0 {
		return errReported
	}
	return nil
}

func (a *app) printImportText(r agent.ImportReport) error {
	var b strings.Builder
	if r.Files == 0 && len(r.Failed) == 0 {
		// An empty folder, or one whose files have other endings: zeros would not say which mistake was made.
		fmt.Fprintln(&b, "There is no video file there: in folders those count that end in .mp4, .mkv, .avi, .ts and the like.")
		_, err := a.stdout.Write([]byte(b.String()))
		return err
	}
	fmt.Fprintf(&b, "%s", count(r.Files, "file"))
	if r.Skipped > 0 {
		fmt.Fprintf(&b, ", %d of them known already", r.Skipped)
	}
	fmt.Fprintf(&b, "; %s from %s of footage in %s.\n", count(r.Clips, "clip"), secondsText(r.SecondsOfFootage), secondsText(r.WallSeconds))
	for _, list := range []struct {
		title string
		files []agent.Failure
	}{
		{"Taken in as far as they can be read:", r.Damaged},
		{"Not taken in:", r.Failed},
	} {
		if len(list.files) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s\n", list.title)
		for _, f := range list.files {
			fmt.Fprintf(&b, "  %s: %s\n", printable(f.Path), printable(f.Error))
		}
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

func secondsText(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(100 * time.Millisecond).String()
}
