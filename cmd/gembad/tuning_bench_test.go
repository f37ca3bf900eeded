package main

import (
	"archive/tar"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
	"github.com/gembahq/gemba/index"
)

// photoClips are photos as clips of one frame, their ids counted from 1.
type photoClips []index.Clip

func (p photoClips) Clip(_ context.Context, id index.ID) (index.Clip, error) {
	if id < 1 || int(id) > len(p) {
		return index.Clip{}, index.ErrNotFound
	}
	return p[id-1], nil
}

// BenchmarkTuneOnSitePhotos trains on grades that the labels of site photos give:
// questions are labels and pairs of labels, a photo's grade is how many of them it
// has. Photos are those of the split that the pack was not trained on; the
// held-out questions have their nDCG printed, before and after, with the bootstrap
// interval of the difference. They are other questions over the same photos, as on
// a site, where people ask about the same days: it says nothing of other sites.
func BenchmarkTuneOnSitePhotos(b *testing.B) {
	data := os.Getenv("GEMBA_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "shared", "data")
	}
	labels := readPhotoLabels(b, filepath.Join(data, "site_photos", "labels.csv"), "val")
	pack, err := encode.OpenPack(filepath.Join("..", "..", "packaging", "pack"))
	if err != nil {
		b.Fatal(err)
	}
	encoder, err := encode.New(pack, encode.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer encoder.Close()
	refiner, err := encode.NewRefiner(encoder, 2)
	if err != nil {
		b.Fatal(err)
	}
	calibration := searchmodel.Calibration(pack)
	source := &tuningSource{text: encoder, alpha: calibration.Alpha, alphaWord: calibration.AlphaWord, packHash: pack.Hash()}
	if source.idf, err = wordWeights(pack); err != nil {
		b.Fatal(err)
	}
	if refiner != nil {
		defer refiner.Close()
		source.pack = searchmodel.Refiner{Model: refiner}
	}
	clips, shown := encodePhotos(b, encoder, filepath.Join(data, "site_photos", "images.tar"), labels, pack.Hash())
	source.clips = clips
	grades := labelGrades(b, source, clips, shown)
	dataset, err := tune.Collect(context.Background(), grades, source)
	if err != nil {
		b.Fatal(err)
	}
	b.Logf("%d photos, %+v", len(clips), dataset.Counts)
	b.ResetTimer()
	for range b.N {
		r, err := tune.Run(context.Background(), dataset, tune.Options{})
		if err != nil {
			b.Fatal(err)
		}
		c := r.Verdict.Comparison
		b.Logf("%s (%v to %v); epoch %d of %d; choosing %.4f", r.Verdict.Reason, c.Low, c.High, r.Epoch, r.Epochs, r.Choosing)
		b.ReportMetric(float64(r.Verdict.Before), "ndcg-before")
		b.ReportMetric(float64(r.Verdict.After), "ndcg-after")
		b.ReportMetric(float64(c.Low), "gain-low")
		b.ReportMetric(float64(c.High), "gain-high")
	}
}

// readPhotoLabels reads the labels of a split's photos.
func readPhotoLabels(b *testing.B, name, split string) map[string][]string {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		b.Skip("needs site_photos in GEMBA_DATA")
	}
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	out := map[string][]string{}
	for _, row := range rows {
		if row[1] != split {
			continue
		}
		for _, l := range strings.Split(row[3], "|") {
			if at := strings.LastIndex(l, " x"); at > 0 {
				out[row[0]] = append(out[row[0]], l[:at])
			}
		}
	}
	return out
}

func encodePhotos(b *testing.B, encoder *encode.Encoder, tarFile string, labels map[string][]string, hash [32]byte) (clips photoClips, shown [][]string) {
	f, err := os.Open(tarFile)
	if err != nil {
		b.Skip(err)
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if err == io.EOF {
			return clips, shown
		}
		if err != nil {
			b.Fatal(err)
		}
		_, name, _ := strings.Cut(h.Name, "images/")
		has := labels[name]
		if len(has) == 0 {
			continue
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			b.Fatal(err)
		}
		picture, err := decodePicture(raw)
		if err != nil {
			continue
		}
		e, err := encoder.EncodeClips(context.Background(), [][]*frame.Frame{{picture}})
		if err != nil {
			b.Fatal(err)
		}
		clips = append(clips, index.Clip{
			ID: index.ID(len(clips) + 1), Vector: e[0].Vector, Plain: e[0].Plain, Hub: e[0].Hub, PackHash: hash,
			Tokens: index.Tokens{Rows: e[0].TokenRows, Dims: e[0].TokenDims, Scale: e[0].TokenScale, Data: e[0].Tokens},
		})
		shown = append(shown, has)
	}
}

// labelGrades asks for each label and each pair of labels that two photos have,
// and grades the first sixteen answers, as a person at the page would.
func labelGrades(b *testing.B, source *tuningSource, clips photoClips, shown [][]string) []tune.Grade {
	counts := map[string]int{}
	for _, has := range shown {
		slices.Sort(has)
		has = slices.Compact(has)
		for i, l := range has {
			counts[l]++
			for _, m := range has[i+1:] {
				counts[l+" and a "+m]++
			}
		}
	}
	var questions []string
	for q, n := range counts {
		if n >= 2 {
			questions = append(questions, q)
		}
	}
	slices.Sort(questions)
	var out []tune.Grade
	for _, q := range questions {
		wanted := strings.Split(q, " and a ")
		text := "a " + q
		query, alpha, err := source.Question(context.Background(), text)
		if errors.Is(err, tune.ErrUnsuited) {
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		type answer struct {
			clip  int
			score float32
			grade int
		}
		var answers []answer
		for i, c := range clips {
			var score float32
			for k, v := range query.Vector {
				score += v * c.Vector[k]
			}
			found := 0
			for _, l := range wanted {
				if slices.Contains(shown[i], l) {
					found++
				}
			}
			answers = append(answers, answer{i, score - alpha*c.Hub, found * tune.MaxGrade / len(wanted)})
		}
		slices.SortFunc(answers, func(a, b answer) int {
			if a.score > b.score {
				return -1
			}
			return 1
		})
		for _, a := range answers[:min(16, len(answers))] {
			out = append(out, tune.Grade{Query: text, Clip: fmt.Sprint(clips[a.clip].ID), Grade: a.grade})
		}
	}
	return out
}
