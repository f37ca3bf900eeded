package camera

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// Kind tells how a source is taken in.
type Kind int

// The kinds of source a camera may have.
const (
	File   Kind = iota // one video file, taken in once
	Folder             // a folder that fills with finished files, watched
	RTSP               // a live stream
)

// String returns the scheme of the kind.
func (k Kind) String() string {
	switch k {
	case File:
		return "file"
	case Folder:
		return "folder"
	case RTSP:
		return "rtsp"
	}
	return fmt.Sprintf("kind(%d)", int(k))
}

// Source is the address of a camera.
type Source struct {
	Kind Kind
	// Path is the absolute, cleaned path of a file or folder; empty for a stream.
	Path string
	// URL is the address of a stream, without user and password; empty for a file or folder.
	URL string
}

// String returns the source as an address that may be shown: it never holds a password.
func (s Source) String() string {
	if s.Kind == RTSP {
		return s.URL
	}
	return s.Kind.String() + "://" + s.Path
}

// ParseSource reads the address of a camera. A relative path in file: or
// folder: is taken from base, which should be absolute. Percent escapes in the
// path are decoded where they are valid and kept as they are where not, so
// that a name written by hand and an address pasted from elsewhere both work.
//
//	file:///srv/a.mp4   file:/srv/a.mp4   file:clips/a.mp4   file://./clips/a.mp4
//	folder:///srv/nvr/cam3
//	rtsp://10.0.0.5/stream1   rtsps://…
func ParseSource(address, base string) (Source, error) {
	scheme, rest, ok := strings.Cut(address, ":")
	if !ok {
		return Source{}, fmt.Errorf("%q has no scheme: write file:///path/to/video.mp4, folder:///path/to/recordings or rtsp://host/stream", address)
	}
	switch strings.ToLower(scheme) {
	case "file":
		p, err := localPath(scheme, rest, base)
		return Source{Kind: File, Path: p}, err
	case "folder":
		p, err := localPath(scheme, rest, base)
		return Source{Kind: Folder, Path: p}, err
	case "rtsp", "rtsps":
		return streamSource(address)
	}
	return Source{}, fmt.Errorf("%q is not a kind of source: use file, folder or rtsp", scheme)
}

// localPath turns what follows "file:" or "folder:" into an absolute path.
func localPath(scheme, rest, base string) (string, error) {
	if strings.IndexByte(rest, 0) >= 0 {
		return "", fmt.Errorf("the path of a %s source holds a zero byte", scheme)
	}
	p := rest
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		host, _, _ := strings.Cut(after, "/")
		switch host {
		case "", ".", "..":
			p = after
		case "localhost":
			p = strings.TrimPrefix(after, host)
		default:
			return "", fmt.Errorf("%s://%s names a machine %q: write %s:///absolute/path, or %s:relative/path", scheme, after, host, scheme, scheme)
		}
	}
	if decoded, err := url.PathUnescape(p); err == nil && strings.IndexByte(decoded, 0) < 0 {
		p = decoded
	}
	if p == "" {
		return "", fmt.Errorf("the %s source has no path", scheme)
	}
	if !filepath.IsAbs(p) {
		p = filepath.Join(base, p)
	}
	return filepath.Clean(p), nil
}

func streamSource(address string) (Source, error) {
	u, err := url.Parse(address)
	if err != nil {
		// The error of url.Parse quotes the address, and with it a password.
		return Source{}, fmt.Errorf("the address of the stream cannot be read: write rtsp://host[:port]/path")
	}
	if u.Host == "" {
		return Source{}, fmt.Errorf("the address of the stream names no host: write rtsp://host[:port]/path")
	}
	if u.User != nil {
		return Source{}, fmt.Errorf("the address of the stream holds a user or password, which would show up in logs: put them into credentials_file")
	}
	return Source{Kind: RTSP, URL: u.String()}, nil
}
