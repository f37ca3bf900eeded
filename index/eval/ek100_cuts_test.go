package eval

import (
	"strings"
	"testing"
	"time"
)

func TestReadEK100Cuts(t *testing.T) {
	const head = "narration_id,video_id,start_timestamp,stop_timestamp\n"
	cuts, err := readEK100Cuts(strings.NewReader(head+"P01_11_0,P01_11,00:00:00.00,00:00:01.89\nP01_101_3,P01_101,01:02:03.5,01:02:04\n"), "clips.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := []EK100Cut{
		{"P01_11_0", "P01_11", 0, 1890 * time.Millisecond},
		{"P01_101_3", "P01_101", 3723500 * time.Millisecond, 3724 * time.Second},
	}
	if len(cuts) != 2 || cuts[0] != want[0] || cuts[1] != want[1] {
		t.Errorf("got %+v, want %+v", cuts, want)
	}
	for _, bad := range []string{
		"a,,00:00:00,00:00:01", "a,../P01,00:00:00,00:00:01", "a,P01,0,00:00:01", "a,P01,00:60:00,01:00:01", "a,P01,00:00:NaN,00:00:01",
		"a,P01,00:00:01e0,00:00:02", "a,P01,00:00:-1,00:00:02", "a,P01,00:00:02,00:00:02", "a,P01,00:00:02,00:00:01.5",
	} {
		if _, err := readEK100Cuts(strings.NewReader(head+bad+"\n"), "clips.csv"); err == nil || !strings.Contains(err.Error(), "clips.csv:2") {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

func FuzzParseTimestamp(f *testing.F) {
	for _, s := range []string{"00:00:01.89", "99:59:59.999", "::", "00:00:0x1p5", "1:2:3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := parseTimestamp(s); err == nil && (d < 0 || d > 256*time.Hour) {
			t.Errorf("%q is read as %v", s, d)
		}
	})
}
