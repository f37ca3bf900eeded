package decode

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// camera is an RTSP server for one client: it plays H.264 once, interleaved in
// the RTSP connection, and then stays silent.
type camera struct {
	nals [][]byte // with parameter sets, one slice per picture
	step uint32   // of 90 kHz
}

func (c camera) serve(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	tp := textproto.NewReader(r)
	for {
		line, err := tp.ReadLine()
		if err != nil {
			return
		}
		header, err := tp.ReadMIMEHeader()
		if err != nil {
			return
		}
		method, _, _ := strings.Cut(line, " ")
		reply, body := "", ""
		switch method {
		case "OPTIONS":
			reply = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
		case "DESCRIBE":
			body = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cam\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
			reply = fmt.Sprintf("Content-Type: application/sdp\r\nContent-Length: %d\r\n", len(body))
		case "SETUP":
			reply = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
		case "PLAY":
			reply = "Session: 1\r\n"
		}
		fmt.Fprintf(conn, "RTSP/1.0 200 OK\r\nCSeq: %s\r\n%s\r\n%s", header.Get("CSeq"), reply, body)
		if method == "PLAY" {
			c.play(conn)
		}
	}
}

func (c camera) play(conn net.Conn) {
	seq, stamp := uint16(1), uint32(1000)
	for i, nal := range c.nals {
		// The parts of one picture share its stamp.
		last := i+1 == len(c.nals) || isPicture(nal)
		for start := 1; ; {
			payload, marker := nal, last
			if len(nal) > 1200 { // in fragments
				end := min(start+1200, len(nal))
				fu := nal[0] & 0x1F
				if start == 1 {
					fu |= 0x80
				}
				if end == len(nal) {
					fu |= 0x40
				}
				payload = append([]byte{nal[0]&0xE0 | 28, fu}, nal[start:end]...)
				marker, start = last && end == len(nal), end
			} else {
				start = len(nal)
			}
			b := []byte{'$', 0, 0, 0, 0x80, 96}
			binary.BigEndian.PutUint16(b[2:], uint16(12+len(payload)))
			if marker {
				b[5] |= 0x80
			}
			b = binary.BigEndian.AppendUint16(b, seq)
			b = binary.BigEndian.AppendUint32(b, stamp)
			b = binary.BigEndian.AppendUint32(b, 7)
			if _, err := conn.Write(append(b, payload...)); err != nil {
				return
			}
			seq++
			if start >= len(nal) {
				break
			}
		}
		if isPicture(nal) {
			stamp += c.step
		}
	}
}

func isPicture(nal []byte) bool { return nal[0]&0x1F == 1 || nal[0]&0x1F == 5 }

func TestRTSP(t *testing.T) {
	raw := readFile(t, make50(t, "v.h264", append(x264[:len(x264):len(x264)], "-x264-params", "slices=1")...))
	var cam camera
	cam.step = 3600
	for _, nal := range bytes.Split(raw, []byte{0, 0, 1}) {
		if nal = bytes.TrimRight(nal, "\x00"); len(nal) > 0 {
			cam.nals = append(cam.nals, nal)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go cam.serve(conn)
		}
	}()
	patient(t, 2*time.Second)
	pool := frame.NewPool()
	r, err := Open(context.Background(), "rtsp://"+l.Addr().String()+"/cam", Options{Pool: pool, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if i := r.Info(); i.Codec != "h264" || i.Container != "rtsp" || i.Width != 128 || i.Height != 96 {
		t.Errorf("%+v", i)
	}
	for i := range 45 { // the last ones may wait for what never comes
		f, err := r.Next(context.Background())
		if err != nil {
			t.Fatalf("frame %d: %v; %+v", i, err, r.Stats())
		}
		if number(f) != i || !near(f.Offset, time.Duration(i)*tick, 2*time.Millisecond) {
			t.Errorf("frame %d shows %d at %v", i, number(f), f.Offset)
		}
		f.Release()
	}
}
