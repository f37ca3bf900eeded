package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/index/eval"
)

// writeEK100 makes annotations of two clips and links sample footage under the
// names of the data set, where its download script puts it.
func writeEK100(t *testing.T, dir string) {
	t.Helper()
	for name, text := range map[string]string{
		eval.EK100ClipFile: "narration_id,video_id,start_timestamp,stop_timestamp,narration,verb_class,all_noun_classes\n" +
			"P01_101_0,P01_101,00:00:01.00,00:00:03.50,walk,0,[1]\nP02_03_0,P02_03,00:00:05.00,00:00:08.00,watch bottles,1,[2]\n",
		eval.EK100SentenceFile: "narration_id,narration\nP01_101_0,a worker with a yellow helmet\nP02_03_0,bottles of water in a row\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, file := range map[string]string{"P01/videos/P01_101.MP4": "worker-zone-detection.mp4", "P02/videos/P02_03.MP4": "bottle-detection.mp4"} {
		to := filepath.Join(dir, "videos", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			t.Fatal(err)
		}
		from, err := filepath.Abs(filepath.Join(footage, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEK100Videos goes from videos to the official figures: each sentence belongs
// to the other's video as little as can be.
func TestEK100Videos(t *testing.T) {
	w := realWorld(t)
	writeEK100(t, w.dir)
	kept := filepath.Join(w.dir, "S.npy")
	var made, read matrixReport
	w.must(&made, "eval", "ek100", "--annotations", w.dir, "--videos", filepath.Join(w.dir, "videos"), "--pack", realPack, "--save", kept)
	if made.MAP.Avg != 1 || made.NDCG.Avg != 1 {
		t.Errorf("mAP %v, nDCG %v: the sentences do not find their clips", made.MAP, made.NDCG)
	}
	w.must(&read, "eval", "ek100", "--annotations", w.dir, "--similarity", kept)
	if read.MAP != made.MAP || read.NDCG != made.NDCG {
		t.Errorf("what was kept gives %v, %v", read.MAP, read.NDCG)
	}
}

func TestEK100VideosRefused(t *testing.T) {
	w := newWorld(t, "")
	writeEK100(t, w.dir)
	videos := filepath.Join(w.dir, "videos")
	args := []string{"eval", "ek100", "--annotations", w.dir}
	for name, tt := range map[string]struct {
		args []string
		exit int
		says string
	}{
		"neither":         {nil, exitUsage, "either --similarity or --videos"},
		"both":            {[]string{"--similarity", "S.npy", "--videos", videos}, exitUsage, "either --similarity or --videos"},
		"nothing to keep": {[]string{"--similarity", "S.npy", "--save", "T.npy"}, exitUsage, "--save keeps"},
		"a part":          {[]string{"--videos", filepath.Join(videos, "P01")}, exitFailure, "1 video of the annotation not below"},
	} {
		t.Run(name, func(t *testing.T) {
			exit, _, stderr := w.run(append(args, tt.args...)...)
			if exit != tt.exit || !strings.Contains(stderr, tt.says) {
				t.Errorf("exit %d: %s", exit, stderr)
			}
		})
	}
	if err := os.Symlink(filepath.Join(videos, "P02", "videos", "P02_03.MP4"), filepath.Join(videos, "P01", "P02_03.mkv")); err != nil {
		t.Fatal(err)
	}
	if exit, _, stderr := w.run(append(args, "--videos", videos)...); exit != exitFailure || !strings.Contains(stderr, "is there twice") {
		t.Errorf("a video twice: exit %d: %s", exit, stderr)
	}
}

// TestReadCuts: clips may overlap and come in any order, each gets its frames in the
// order of time; a video shorter than the annotation says is not taken for it.
func TestReadCuts(t *testing.T) {
	file := filepath.Join(footage, "people-detection.mp4")
	cuts := []eval.EK100Cut{
		{NarrationID: "b", Start: time.Second, Stop: 3 * time.Second},
		{NarrationID: "a", Start: 0, Stop: 2 * time.Second},
		{NarrationID: "end", Start: 3 * time.Second, Stop: time.Minute},
	}
	got := map[int][]*frame.Frame{}
	take := func(row int, frames []*frame.Frame) error { got[row] = frames; return nil }
	if err := readCuts(context.Background(), file, cuts, []int{0, 1, 2}, take); err != nil {
		t.Fatal(err)
	}
	for row, c := range cuts {
		if len(got[row]) != ek100Frames {
			t.Fatalf("clip %s has %d frames", c.NarrationID, len(got[row]))
		}
		for k, f := range got[row] {
			at := c.Start + (c.Stop-c.Start)*time.Duration(2*k+1)/16
			if f.Offset > at || (row < 2 && at-f.Offset > 250*time.Millisecond) {
				t.Errorf("clip %s: the frame for %s is of %s", c.NarrationID, at, f.Offset)
			}
		}
	}
	late := []eval.EK100Cut{{NarrationID: "late", Start: time.Hour, Stop: 2 * time.Hour}}
	if err := readCuts(context.Background(), file, late, []int{0}, take); err == nil || !strings.Contains(err.Error(), "clip late begins at 1h0m0s") {
		t.Errorf("a clip after the end: error %v", err)
	}
}
