package segment

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

func fuzzHeader() Header {
	return Header{Partition: 7, Number: 2, Day: 20686, Dims: 4, Plain: true, Pack: [32]byte{1, 2}, Created: 1_700_000_000, Camera: "gate"}
}

func fuzzRecord() Record {
	return Record{
		Ord: 9, Start: 1_700_000_000_123_456_789, Duration: 4_000_000, Flags: FlagStill | FlagPlain,
		Vector: []float32{0.5, -0.25, 0, 1}, Plain: []float32{1, 0, 0, -1}, Hub: 0.125,
		TokenRows: 2, TokenDims: 3, TokenScale: 0.01, Tokens: []int8{1, -2, 3, 4, -5, -128},
		Meta: Meta{
			Labels: []string{"person", "黄色いヘルメット"}, Note: "note", FrameOffsets: []time.Duration{0, 1, 500_000_000},
			Best: 2, Motion: 0.5, SourceKey: "key", SourcePath: "/a/b.mp4", SourceOffset: 42,
			Thumb: ThumbRef{Offset: 16, Size: 1000, Sum: 0xdeadbeef},
		},
	}
}

func TestRecordComesBack(t *testing.T) {
	h, r := fuzzHeader(), fuzzRecord()
	b, err := h.appendRecord(nil, &r, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(b)%8 != 0 {
		t.Errorf("record of %d bytes is not padded", len(b))
	}
	e, err := h.decodeEntry(b, 4096, 3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.record(&e)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v, want %+v (%v)", got, r, err)
	}
	// The checksum ties a record to its place.
	for name, spoil := range map[string]func() (Header, uint32){
		"another row":       func() (Header, uint32) { return h, 4 },
		"another partition": func() (Header, uint32) { o := h; o.Partition++; return o, 3 },
		"another segment":   func() (Header, uint32) { o := h; o.Number++; return o, 3 },
	} {
		o, row := spoil()
		if _, err := o.decodeEntry(b, 4096, row); err == nil {
			t.Errorf("%s: record was accepted", name)
		}
	}
	// Labels and empty tags of a later release are stepped over.
	m, err := decodeMeta(appendField(r.Meta.append(nil), 99, []byte("future")))
	if err != nil || !reflect.DeepEqual(m, r.Meta) {
		t.Errorf("details with an unknown tag: %+v, %v", m, err)
	}
}

func FuzzRecord(f *testing.F) {
	h, r := fuzzHeader(), fuzzRecord()
	b, err := h.appendRecord(nil, &r, 3)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(h.appendMark(nil, 3, 4096, 8192, 5))
	f.Add(h.appendTombstone(nil, 9, 0, 5, 3))
	f.Add(b[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		// As found on disk: nothing but what has the right checksum gets in.
		_, _ = h.decodeEntry(b, 8192, 3)
		// And behind the checksum, whatever a faulty writer may have framed.
		if len(b) > 1<<16 {
			return
		}
		framed := h.frame(append(make([]byte, frameLen), b...), 0, 3)
		e, err := h.decodeEntry(framed, 8192, 3)
		if err != nil || e.kind != kindData {
			return
		}
		rec, err := h.record(&e)
		if err != nil {
			return
		}
		again, err := h.appendRecord(nil, &rec, 3)
		if err != nil {
			return // such as a NaN count of tokens that only a fault can frame
		}
		e2, err := h.decodeEntry(again, 8192, 3)
		if err != nil {
			t.Fatalf("what was encoded does not decode: %v", err)
		}
		if _, err := h.record(&e2); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzMeta(f *testing.F) {
	r := fuzzRecord()
	f.Add(r.Meta.append(nil))
	f.Add([]byte{tagThumb, 3, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := decodeMeta(b)
		if err != nil {
			return
		}
		again, err := decodeMeta(m.append(nil))
		if err != nil {
			t.Fatal(err)
		}
		// NaN motion is equal to nothing.
		m.Motion, again.Motion = 0, 0
		if m.Thumb.Size == 0 {
			m.Thumb = ThumbRef{}
		}
		if !reflect.DeepEqual(m, again) {
			t.Errorf("%+v became %+v", m, again)
		}
	})
}

func FuzzHeader(f *testing.F) {
	h := fuzzHeader()
	f.Add(h.encode()[:200], true)
	f.Add([]byte("VLOG"), false)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		full := make([]byte, headerLen)
		copy(full, b)
		if fix {
			le.PutUint32(full[headerLen-4:], crcOf(full[:headerLen-4]))
		}
		h, err := decodeHeader(full)
		if err != nil {
			return
		}
		if o, err := decodeHeader(h.encode()); err != nil || o != h {
			t.Errorf("%+v became %+v, %v", h, o, err)
		}
	})
}

func FuzzManifest(f *testing.F) {
	m := Manifest{Partition: 7, Camera: "gate", Day: 20686, NextOrd: 4096, Segments: []Header{fuzzHeader()}}
	b, err := m.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, false)
	f.Add([]byte(`{"format":1,"segments":[{"pack":"zz"}]}`), true)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if fix {
			b = bytes.ReplaceAll(b, []byte("\n"), nil)
			b = append(b, []byte("\n")...)
			sum := crcOf(b[:len(b)-1])
			b = append(b, []byte(hex8(sum)+"\n")...)
		}
		m, err := decodeManifest(b)
		if err != nil {
			return
		}
		again, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if o, err := decodeManifest(again); err != nil || !reflect.DeepEqual(o, m) {
			t.Errorf("%+v became %+v, %v", m, o, err)
		}
	})
}

func hex8(v uint32) string {
	const digits = "0123456789abcdef"
	b := make([]byte, 8)
	for i := range b {
		b[7-i] = digits[v&15]
		v >>= 4
	}
	return string(b)
}

func FuzzSeal(f *testing.F) {
	h := fuzzHeader()
	s := seal{rows: 300, logLen: 99_000, lost: 1, sources: []uint64{1, 5},
		zones: []Zone{{Start: 1, End: 9, Log: 4096, LastOrd: 255, Sum: 7}, {Start: 2, End: 3, Log: 50_000, FirstOrd: 256, LastOrd: 299}},
		dead:  roaring.BitmapOf(3, 4, 200)}
	b, err := s.encode(&h)
	if err != nil {
		f.Fatal(err)
	}
	if got, err := decodeSeal(b, &h); err != nil || !got.dead.Equals(s.dead) || !reflect.DeepEqual(got.zones, s.zones) ||
		got.rows != s.rows || got.logLen != s.logLen || got.lost != s.lost || !reflect.DeepEqual(got.sources, s.sources) {
		f.Fatalf("seal became %+v, %v", got, err)
	}
	f.Add(b, false)
	f.Add(b[:60], true)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if fix && len(b) >= 4 {
			le.PutUint32(b[len(b)-4:], crcOf(b[:len(b)-4]))
		}
		_, _ = decodeSeal(b, &h)
	})
}

func FuzzBlockHeader(f *testing.F) {
	h := fuzzHeader()
	b := h.layout().newBuild()
	var z Zone
	r := row{start: 5, dur: 4_000_000, ord: 1, vector: make([]byte, 8), plain: make([]byte, 8)}
	z.add(&r, true)
	b.push(&r)
	f.Add(b.finish(&h, 0, &z)[:blockHeader], false)
	f.Fuzz(func(t *testing.T, b []byte, fix bool) {
		if fix && len(b) >= blockHeader {
			le.PutUint32(b[60:], crcOf(b[:60]))
		}
		if s, err := decodeBlockHeader(b, &h, 0); err == nil && (s.n < 1 || s.n > BlockRows) {
			t.Errorf("block of %d rows", s.n)
		}
	})
}
