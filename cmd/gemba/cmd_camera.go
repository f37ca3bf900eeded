package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/agent/decode"
)

func newCameraCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "camera",
		Short:   "Look at a camera or a recording",
		GroupID: groupCare,
		Args:    noArguments,
		RunE:    needsSubcommand,
	}
	probe := &cobra.Command{
		Use:   "probe URL_OR_PATH",
		Short: "Say codec, size, frame rate, key frames and clock of a stream or file, or why it cannot be read",
		Example: `  gemba camera probe rtsp://10.0.0.5/stream1
  gemba camera probe recording.mp4`,
		Args: exactly(1, "one URL or path"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.probeCamera(cmd.Context(), args[0]) },
	}
	cmd.AddCommand(probe)
	return cmd
}

// probeReport is what camera probe prints with --json. Figures that are not
// known are null.
type probeReport struct {
	Container       string     `json:"container"`
	Codec           string     `json:"codec"`
	Width           int        `json:"width"`
	Height          int        `json:"height"`
	Rotation        int        `json:"rotation"`
	FrameRate       *float64   `json:"frame_rate"`
	DurationSeconds *float64   `json:"duration_seconds"`
	Audio           bool       `json:"audio"`
	Clock           *time.Time `json:"clock"` // of the first frame, as the container says
	Keyframes       keyframes  `json:"keyframes"`
}

// keyframes tells how often a whole picture comes.
type keyframes struct {
	Count           int      `json:"count"`
	LookedAtSeconds float64  `json:"looked_at_seconds"`
	MeanSeconds     *float64 `json:"mean_seconds"`
	MaxSeconds      float64  `json:"max_seconds"`
}

// rareKeyframes is the distance above which key frames alone miss too much of
// a scene: a clip of 4 s would often have one frame.
const rareKeyframes = 4 * time.Second

func (a *app) probeCamera(ctx context.Context, url string) error {
	info, keys, err := a.local.Probe(ctx, url)
	if err != nil {
		return err
	}
	r := probeReport{
		Container: info.Container, Codec: info.Codec, Width: info.Width, Height: info.Height, Rotation: info.Rotation, Audio: info.HasAudio,
		FrameRate: known(info.FrameRate), DurationSeconds: known(info.Duration.Seconds()),
		Keyframes: keyframes{Count: keys.Count, LookedAtSeconds: keys.Span.Seconds(), MeanSeconds: known(keys.Mean.Seconds()), MaxSeconds: keys.Max.Seconds()},
	}
	if !info.CreationTime.IsZero() {
		t := info.CreationTime.UTC()
		r.Clock = &t
	}
	if a.flags.json {
		return a.printJSON(r)
	}
	return a.printProbe(info, keys)
}

func known(v float64) *float64 {
	if v == 0 {
		return nil
	}
	return &v
}

func (a *app) printProbe(info decode.Info, keys decode.KeyframeInfo) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "container\t%s\n", printable(info.Container))
	fmt.Fprintf(w, "codec\t%s\n", printable(info.Codec))
	size := fmt.Sprintf("%d x %d", info.Width, info.Height)
	if info.Rotation != 0 {
		size += fmt.Sprintf(", turned by %d degrees", info.Rotation)
	}
	fmt.Fprintf(w, "size\t%s\n", size)
	if info.FrameRate > 0 {
		fmt.Fprintf(w, "frame rate\t%.4g frames per second\n", info.FrameRate)
	} else {
		fmt.Fprintf(w, "frame rate\tnot known\n")
	}
	if info.Duration > 0 {
		fmt.Fprintf(w, "length\t%s\n", seconds(info.Duration))
	}
	fmt.Fprintf(w, "key frames\t%s\n", keyframeText(keys))
	if info.CreationTime.IsZero() {
		fmt.Fprintf(w, "clock\tnone in the recording; the file name, the file time or --start tells when it began\n")
	} else {
		fmt.Fprintf(w, "clock\tbegan %s\n", info.CreationTime.In(a.location).Format("2006-01-02 15:04:05 MST"))
	}
	if info.HasAudio {
		fmt.Fprintf(w, "sound\tyes, not used\n")
	}
	w.Flush()
	if keys.Max > rareKeyframes {
		b.WriteString("\nKey frames are far apart. Decode it in full, or set a key frame every 2 s in the camera.\n")
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

func keyframeText(k decode.KeyframeInfo) string {
	if k.Mean == 0 {
		return fmt.Sprintf("%d within %s", k.Count, seconds(k.Span))
	}
	return fmt.Sprintf("every %s, at most %s apart (%d within %s)", seconds(k.Mean), seconds(k.Max), k.Count, seconds(k.Span))
}
