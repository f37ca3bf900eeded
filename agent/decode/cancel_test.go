package decode

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

var errEnough = errors.New("enough")

// patient makes FFmpeg's own time limit so long that only an interruption can
// end a wait within the test's.
func patient(t *testing.T, d time.Duration) {
	old := networkTimeout
	networkTimeout = d
	t.Cleanup(func() { networkTimeout = old })
}

// silent accepts connections and says nothing. accepted tells of each.
func silent(t *testing.T) (address string, accepted <-chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ch := make(chan struct{}, 16)
	go func() {
		var conns []net.Conn
		defer func() {
			for _, c := range conns {
				c.Close()
			}
		}()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
			ch <- struct{}{}
		}
	}()
	t.Cleanup(func() { l.Close() })
	return l.Addr().String(), ch
}

func TestCancelWithinHangingOpen(t *testing.T) {
	patient(t, 30*time.Minute)
	for _, scheme := range []string{"rtsp", "http", "tcp"} {
		for what, open := range openers {
			address, accepted := silent(t)
			ctx, cancel := context.WithCancelCause(context.Background())
			go func() {
				<-accepted
				cancel(errEnough)
			}()
			if err := open(ctx, scheme+"://"+address+"/stream", t.TempDir()); !errors.Is(err, errEnough) {
				t.Errorf("%s %s: %v", what, scheme, err)
			}
		}
	}
}

func TestSilentCameraIsGivenUp(t *testing.T) {
	patient(t, 100*time.Millisecond)
	address, _ := silent(t)
	_, err := Open(context.Background(), "rtsp://user:secret@"+address+"/stream", Options{})
	if !errors.Is(err, ErrUnreachable) {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is in the error: %v", err)
	}
}

func TestServerRefuses(t *testing.T) {
	for code, want := range map[int]error{404: ErrUnreachable, 401: ErrUnauthorized, 403: ErrUnauthorized, 500: ErrUnreachable} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		if _, err := Open(context.Background(), srv.URL+"/v.mp4", Options{}); !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", code, err, want)
		}
		srv.Close()
	}
}

// stalling serves the first part of a file and then nothing more, until the
// test ends.
func stalling(t *testing.T, data []byte) (url string, stalled <-chan struct{}) {
	t.Helper()
	ch, end := make(chan struct{}, 16), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp2t")
		if _, err := w.Write(data); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		ch <- struct{}{}
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(end); srv.Close() })
	return srv.URL + "/live.ts", ch
}

// startStalled opens a source that has stalled and reads what is there, so
// that the next Next waits for ever.
func startStalled(t *testing.T, o Options) *Reader {
	t.Helper()
	patient(t, 30*time.Minute)
	data := readFile(t, make50(t, "v.ts", x264...))
	// Long enough that opening is content with a part.
	for len(data) < 6<<20 {
		data = append(data, data...)
	}
	url, _ := stalling(t, data)
	r, err := Open(context.Background(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCancelWithinHangingNext(t *testing.T) {
	for _, ahead := range []int{0, 2} {
		pool := frame.NewPool()
		r := startStalled(t, Options{Pool: pool, ReadAhead: ahead})
		ctx, cancel := context.WithCancelCause(context.Background())
		// Whether Next is waiting by then or not must make no difference.
		time.AfterFunc(200*time.Millisecond, func() { cancel(errEnough) })
		for {
			f, err := r.Next(ctx)
			if err != nil {
				if !errors.Is(err, errEnough) {
					t.Errorf("read ahead %d: %v", ahead, err)
				}
				break
			}
			f.Release()
		}
		r.Close()
		if n := pool.Lent(); n != 0 {
			t.Errorf("read ahead %d: %d frames not given back", ahead, n)
		}
	}
}

func TestCloseWithinHangingNext(t *testing.T) {
	for _, ahead := range []int{0, 2} {
		r := startStalled(t, Options{ReadAhead: ahead})
		// Whether Next is waiting by then or not must make no difference.
		time.AfterFunc(200*time.Millisecond, func() { r.Close() })
		for {
			if _, err := r.Next(context.Background()); err != nil {
				if !errors.Is(err, ErrClosed) {
					t.Errorf("read ahead %d: %v", ahead, err)
				}
				break
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestContextPerCall(t *testing.T) {
	r, err := Open(context.Background(), sample("people-detection.mp4"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range 46 {
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := r.Next(ctx); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		cancel() // after the call: must not spoil the next
	}
}
