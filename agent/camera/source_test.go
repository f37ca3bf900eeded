package camera

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestParseSource(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"file:///srv/a.mp4", "file:///srv/a.mp4"},
		{"file:/srv/a.mp4", "file:///srv/a.mp4"},
		{"FILE:/srv/a.mp4", "file:///srv/a.mp4"},
		{"file://localhost/srv/a.mp4", "file:///srv/a.mp4"},
		{"file:a/b.mp4", "file:///base/a/b.mp4"},
		{"file://./a/b.mp4", "file:///base/a/b.mp4"},
		{"file://../b.mp4", "file:///b.mp4"},
		{"file:///srv/my%20clip.mp4", "file:///srv/my clip.mp4"},
		{"file:///srv/my clip #3?.mp4", "file:///srv/my clip #3?.mp4"},
		{"file:///srv/100%.mp4", "file:///srv/100%.mp4"},
		{"folder:///srv/nvr/cam3/", "folder:///srv/nvr/cam3"},
		{"rtsp://10.0.0.5:554/s?x=1", "rtsp://10.0.0.5:554/s?x=1"},
	} {
		got, err := ParseSource(c.in, "/base")
		if err != nil || got.String() != c.want {
			t.Errorf("ParseSource(%q) = %v, %v; want %s", c.in, got, err, c.want)
		}
	}
}

func TestParseSourceRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "no scheme",
		"/srv/a.mp4":                 "no scheme",
		"http://x/y":                 "not a kind of source",
		"file://":                    "no path",
		"folder:":                    "no path",
		"file://srv/a.mp4":           `machine "srv"`,
		"rtsp:///stream":             "no host",
		"rtsp://admin:secret@host/s": "credentials_file",
		"rtsp://ad:sec ret@ho st/":   "cannot be read",
		"file:///a\x00b":             "zero byte",
	} {
		_, err := ParseSource(in, "/base")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSource(%q): error %v, want one with %q", in, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "sec") && strings.HasPrefix(in, "rtsp") {
			t.Errorf("ParseSource(%q): the error shows the password: %v", in, err)
		}
	}
}

func FuzzParseSource(f *testing.F) {
	for _, s := range []string{"file:///a", "file://./%41", "folder:x", "rtsp://h/p", ":", "file://%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		s, err := ParseSource(address, "/base")
		if err != nil {
			return
		}
		if s.Kind != RTSP && (!filepath.IsAbs(s.Path) || filepath.Clean(s.Path) != s.Path || strings.IndexByte(s.Path, 0) >= 0) {
			t.Errorf("ParseSource(%q): path %q is not absolute, clean and free of zero bytes", address, s.Path)
		}
	})
}
