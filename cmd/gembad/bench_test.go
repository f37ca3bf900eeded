package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index"
)

// BenchmarkQuery asks a running gembad with 10,000 clips questions it has not
// heard before, over HTTP, and prints the median of each stage of the answers.
// The clips are synthetic: unit vectors of two weeks of eight cameras.
func BenchmarkQuery(b *testing.B) {
	p := begin(b, filledConfig(b, 10_000))
	words := []string{"worker", "helmet", "forklift", "pallet", "car", "bottle", "door", "smoke", "person", "box", "table", "shelf"}
	var encodeMS, scan, total, wall []float64
	for i := 0; b.Loop(); i++ {
		q := fmt.Sprintf("a %s beside a %s number %d", words[i%len(words)], words[(i/len(words))%len(words)], i)
		var answer struct {
			Timing struct {
				TextEncode float64 `json:"text_encode"`
				Scan       float64 `json:"scan"`
				Total      float64 `json:"total"`
			} `json:"timing"`
			Coverage struct {
				Searched int `json:"searched_clips"`
			} `json:"coverage"`
		}
		began := time.Now()
		if code, body := p.get("/api/v1/search?q="+url.QueryEscape(q), &answer); code != 200 {
			b.Fatalf("%d %s", code, body)
		}
		wall = append(wall, time.Since(began).Seconds())
		if answer.Coverage.Searched != 10_000 {
			b.Fatalf("searched %d clips", answer.Coverage.Searched)
		}
		encodeMS = append(encodeMS, answer.Timing.TextEncode)
		scan = append(scan, answer.Timing.Scan)
		total = append(total, answer.Timing.Total)
	}
	b.ReportMetric(1e3*median(encodeMS), "text-p50-ms")
	b.ReportMetric(1e3*median(scan), "scan-p50-ms")
	b.ReportMetric(1e3*median(total), "total-p50-ms")
	b.ReportMetric(1e3*median(wall), "http-p50-ms")
}

// BenchmarkStart starts gembad over 100,000 indexed clips until it answers, and
// prints its resident memory after a first question.
func BenchmarkStart(b *testing.B) {
	config := filledConfig(b, 100_000)
	var rss float64
	for b.Loop() {
		p := begin(b, config)
		b.StopTimer()
		if code, body := p.get("/api/v1/search?q=a+worker+with+a+helmet", nil); code != 200 {
			b.Fatalf("%d %s", code, body)
		}
		rss = p.memory("VmRSS")
		p.stop(syscall.SIGTERM)
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "start-s")
	b.ReportMetric(rss, "resident-MiB")
}

// BenchmarkMemory prints gembad's resident memory with the bundled pack: its
// peak while the sample footage is taken in, and when that is done.
func BenchmarkMemory(b *testing.B) {
	needNative(b)
	var peak, idle float64
	for b.Loop() {
		dir := b.TempDir()
		p := begin(b, writeConfig(b, dir, filepath.Join(dir, "data"), sample, ""))
		p.untilIdle()
		peak, idle = max(peak, p.memory("VmHWM")), p.memory("VmRSS")
		p.stop(syscall.SIGTERM)
	}
	b.ReportMetric(peak, "importing-peak-MiB")
	b.ReportMetric(idle, "idle-MiB")
}

// memory reads a line of the process's status, in MiB.
func (p *process) memory(name string) float64 {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return kb / 1024
		}
	}
	p.t.Fatalf("no %s in the process's status", name)
	return 0
}

// filledConfig makes a data folder with n synthetic clips of eight cameras,
// tokens and thumbnails included, and returns the configuration of a gembad that serves it.
func filledConfig(b *testing.B, n int) string {
	b.Helper()
	needNative(b)
	pack, err := encode.OpenPack("../../packaging/pack")
	if err != nil {
		b.Fatal(err)
	}
	m := pack.Manifest()
	dir := b.TempDir()
	data := filepath.Join(dir, "data")
	store, err := index.Open(b.Context(), index.Options{Dir: data, PackHash: pack.Hash(), Dims: m.Dims, SyncEvery: time.Hour, SyncBytes: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	const cameras, window = 8, 4 * time.Second
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	rows, dims := 8*m.Tokens.Rows(), m.Tokens.Dims
	thumbnail := make([]byte, 8<<10)
	step := 14 * 24 * time.Hour / time.Duration(n/cameras+1)
	for i := 0; i < n; i += 500 {
		batch := make([]index.Clip, 0, 500)
		for k := i; k < min(i+500, n); k++ {
			v := unitVector(rng, m.Dims)
			batch = append(batch, index.Clip{
				Camera: fmt.Sprintf("cam%d", k%cameras), Start: start.Add(time.Duration(k/cameras) * step), Duration: window,
				Vector: v, Plain: v, Hub: 0.3, PackHash: pack.Hash(), Thumbnail: thumbnail,
				Tokens:       index.Tokens{Rows: rows, Dims: dims, Scale: 1. / 127, Data: make([]int8, rows*dims)},
				FrameOffsets: []time.Duration{0, window / 2},
			})
		}
		if _, err := store.Append(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		b.Fatal(err)
	}
	return writeConfig(b, dir, data, nil, "")
}

func unitVector(rng *rand.Rand, dims int) []float32 {
	v := make([]float32, dims)
	var sum float64
	for i := range v {
		x := rng.NormFloat64()
		v[i] = float32(x)
		sum += x * x
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
