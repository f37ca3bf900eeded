package japanese

import (
	"runtime"
	"strings"
	"testing"
)

// BenchmarkTranslate is the time of one question of ordinary length.
func BenchmarkTranslate(b *testing.B) {
	tr := newTranslator(b)
	for b.Loop() {
		tr.Translate("黄色いヘルメットをかぶって棚の前で荷物を運んでいる二人の作業員")
	}
}

// BenchmarkTranslateLong is the longest question that is taken.
func BenchmarkTranslateLong(b *testing.B) {
	tr := newTranslator(b)
	text := strings.Repeat("棚の陶器を見ている人たち、", 110)
	for b.Loop() {
		tr.Translate(text)
	}
}

// BenchmarkNew is the time and the lasting memory of the dictionaries.
func BenchmarkNew(b *testing.B) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var tr *Translator
	for b.Loop() {
		var err error
		if tr, err = New(); err != nil {
			b.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB-kept")
	runtime.KeepAlive(tr)
}
