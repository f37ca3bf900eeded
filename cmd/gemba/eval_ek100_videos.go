package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/internal/npy"
	"github.com/gembahq/gemba/internal/vector"
)

// ek100Frames is how many evenly spaced frames stand for a clip, as in the index.
const ek100Frames = 8

// ek100Batch is how many clips are encoded at once.
const ek100Batch = 4

// encodedClip is one row of the similarity matrix before the sentences are known.
type encodedClip struct {
	vector []float32
	hub    float32
}

// ek100Similarity makes the similarity matrix from the videos below dir: rows are
// the clips of the annotation, columns its sentences. A similarity is the first
// stage's score for a sentence.
func (a *app) ek100Similarity(ctx context.Context, annotations, dir, pack string) (*eval.Dense, error) {
	cuts, err := eval.ReadEK100Cuts(annotations)
	if err != nil {
		return nil, err
	}
	sentences, err := eval.ReadEK100SentencesFile(annotations)
	if err != nil {
		return nil, err
	}
	files, err := ek100Videos(dir, cuts)
	if err != nil {
		return nil, err
	}
	m, err := a.local.OpenModel(ctx, pack)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	clips, err := a.encodeCuts(ctx, m, dir, files, cuts)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(sentences))
	for i, s := range sentences {
		texts[i] = s.Text
	}
	questions, err := a.encodeQuestions(ctx, m, texts)
	if err != nil {
		return nil, err
	}
	alpha := m.Calibration().Alpha // one for all: these are sentences, however short
	similarity := make([]float64, len(clips)*len(questions))
	err = forEach(ctx, len(clips), 0, func(i int, _ []float32) {
		for j := range questions {
			similarity[i*len(questions)+j] = float64(vector.Dot(questions[j].vector, clips[i].vector) - alpha*clips[i].hub)
		}
	})
	if err != nil {
		return nil, err
	}
	return eval.NewDense(len(clips), len(questions), similarity)
}

// ek100Videos finds the file of each video below dir, wherever it lies: as
// downloaded they are in P01/videos/P01_101.MP4.
func ek100Videos(dir string, cuts []eval.EK100Cut) (map[string]string, error) {
	names, err := listFootage(dir)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, n := range names {
		stem := strings.TrimSuffix(path.Base(n), path.Ext(n))
		if first, twice := files[stem]; twice {
			return nil, fmt.Errorf("video %s is there twice below %s: %s and %s", stem, dir, first, n)
		}
		files[stem] = n
	}
	var missing []string
	for _, c := range cuts {
		if _, ok := files[c.Video]; !ok && !slices.Contains(missing, c.Video) {
			missing = append(missing, c.Video)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return nil, fmt.Errorf("%s of the annotation not below %s, among them %s", count(len(missing), "video"), dir, strings.Join(missing[:min(5, len(missing))], ", "))
	}
	return files, nil
}

// encodeCuts reads each video once, in the order of time, and encodes its clips.
func (a *app) encodeCuts(ctx context.Context, m model, dir string, files map[string]string, cuts []eval.EK100Cut) ([]encodedClip, error) {
	byVideo := map[string][]int{}
	var videos []string
	for i, c := range cuts {
		if byVideo[c.Video] == nil {
			videos = append(videos, c.Video)
		}
		byVideo[c.Video] = append(byVideo[c.Video], i)
	}
	bar := a.startProgress("clips")
	defer bar.end()
	out := make([]encodedClip, len(cuts))
	done := 0
	for _, v := range videos {
		file := filepath.Join(dir, filepath.FromSlash(files[v]))
		var rows []int
		var clips [][]*frame.Frame
		flush := func() error {
			if len(clips) == 0 {
				return nil
			}
			encoded, err := m.EncodeFrames(ctx, clips)
			if err != nil {
				return fmt.Errorf("encode clips: %w", err)
			}
			if len(encoded) != len(clips) {
				return fmt.Errorf("encode clips: the model gave %d embeddings for %d clips", len(encoded), len(clips))
			}
			for k, e := range encoded {
				if dims := m.Calibration().Dims; len(e.Vector) != dims {
					return fmt.Errorf("encode clips: the model gave %d numbers, the pack says %d", len(e.Vector), dims)
				}
				out[rows[k]] = encodedClip{e.Vector, e.Hub}
			}
			done += len(clips)
			rows, clips = rows[:0], clips[:0]
			bar.set(int64(done), int64(len(cuts)), fmt.Sprintf("%d of %d  %s", done, len(cuts), v), 0)
			return nil
		}
		err := readCuts(ctx, file, cuts, byVideo[v], func(row int, frames []*frame.Frame) error {
			rows, clips = append(rows, row), append(clips, frames)
			if len(clips) == ek100Batch {
				return flush()
			}
			return nil
		})
		if err == nil {
			err = flush()
		}
		if err != nil {
			return nil, fmt.Errorf("video %s: %w", v, err)
		}
	}
	return out, nil
}

// cutMoment is a point in a video at which a clip wants a frame.
type cutMoment struct {
	at  time.Duration
	row int
}

// readCuts decodes a video once and hands over the frames of each clip as soon as
// it has them all. Clips may overlap. A clip that begins after the last frame is an
// error; one that the video ends in gets the last frame for the rest.
func readCuts(ctx context.Context, file string, cuts []eval.EK100Cut, rows []int, take func(row int, frames []*frame.Frame) error) (err error) {
	var wanted []cutMoment
	for _, row := range rows {
		c := cuts[row]
		for k := range ek100Frames {
			wanted = append(wanted, cutMoment{c.Start + (c.Stop-c.Start)*time.Duration(2*k+1)/(2*ek100Frames), row})
		}
	}
	slices.SortStableFunc(wanted, func(x, y cutMoment) int { return cmp.Compare(x.at, y.at) })
	r, err := decode.Open(ctx, file, decode.Options{ReadAhead: ek100Frames})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	got := map[int][]*frame.Frame{}
	give := func(f *frame.Frame) error {
		w := wanted[0]
		wanted = wanted[1:]
		got[w.row] = append(got[w.row], f)
		if len(got[w.row]) < ek100Frames {
			return nil
		}
		frames := got[w.row]
		delete(got, w.row)
		return take(w.row, frames)
	}
	var last *frame.Frame // the one shown at the moments before the next
	for len(wanted) > 0 {
		f, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for len(wanted) > 0 && last != nil && wanted[0].at < f.Offset {
			if err := give(last); err != nil {
				return err
			}
		}
		last = f
	}
	if last == nil {
		return errors.New("not one picture could be decoded")
	}
	for len(wanted) > 0 {
		if c := cuts[wanted[0].row]; c.Start > last.Offset {
			return fmt.Errorf("clip %s begins at %s, but the video ends at %s: it is shortened or another video", c.NarrationID, c.Start, last.Offset)
		}
		if err := give(last); err != nil {
			return err
		}
	}
	return nil
}

// saveSimilarity keeps what took hours to make.
func saveSimilarity(file string, m *eval.Dense) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("keep the similarities: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rows, cols := m.Dims()
	row := make([]float64, cols)
	data := make([]float32, 0, rows*cols)
	for i := range rows {
		m.Row(i, row)
		for _, v := range row {
			data = append(data, float32(v))
		}
	}
	return npy.WriteMatrix(f, rows, cols, data)
}
