package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// socketName is where gembad listens inside its data folder.
const socketName = "gembad.sock"

// maxAnswer bounds what is read from a daemon; the largest answer, 500 results
// of a search, takes less than 1 MiB.
const maxAnswer = 64 << 20

// daemon is a client of one running gembad.
type daemon struct {
	socket string
	http   *http.Client
}

// errNoDaemon means that none of the sockets is answered. The message names
// them and says what to do.
type errNoDaemon struct{ tried []string }

func (e *errNoDaemon) Error() string {
	return fmt.Sprintf("no gembad answers on %s; start it (systemctl start gembad, or make run), name its socket with --socket, or give --data-dir to work without it",
		strings.Join(e.tried, " or "))
}

// candidates lists the sockets to try, in order. Whoever names one means that
// one: the usual places are searched only if nothing is named.
func (a *app) candidates() []string {
	var list []string
	if a.flags.socket != "" {
		list = append(list, a.flags.socket)
	} else if env := a.getenv("GEMBA_SOCKET"); env != "" {
		list = append(list, env)
	}
	if a.flags.dataDir != "" {
		list = append(list, filepath.Join(a.flags.dataDir, socketName))
	}
	if len(list) == 0 {
		list = a.sockets
	}
	return list
}

// findDaemon returns a client of the first socket that is answered, or an
// *errNoDaemon. Any other error means that a daemon may be there but cannot be
// reached, which is no reason to go on without it.
func (a *app) findDaemon(ctx context.Context) (*daemon, error) {
	candidates := a.candidates()
	for _, socket := range candidates {
		dialer := net.Dialer{Timeout: 5 * time.Second}
		conn, err := dialer.DialContext(ctx, "unix", socket)
		switch {
		case err == nil:
			conn.Close()
			return newDaemon(socket), nil
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ENOTSOCK):
			continue
		case errors.Is(err, fs.ErrPermission):
			return nil, fmt.Errorf("no permission to use the socket %s; run this as root or as a member of the group of that file", socket)
		case errors.Is(err, syscall.EINVAL):
			return nil, fmt.Errorf("the socket path %s is too long for the system (at most 107 bytes)", socket)
		default:
			return nil, fmt.Errorf("reach gembad on %s: %w", socket, err)
		}
	}
	return nil, &errNoDaemon{tried: candidates}
}

func newDaemon(socket string) *daemon {
	return &daemon{
		socket: socket,
		http: &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "unix", socket)
			},
		}},
	}
}

// daemonError is an answer that says no. The daemon's own words come first:
// they name the field and what would be right.
type daemonError struct {
	Status int
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
}

func (e *daemonError) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	if text == "" {
		text = http.StatusText(e.Status)
	}
	// The detail says what is wrong with the first field; more follow.
	for i, one := range e.Errors {
		if line := one.Field + ": " + one.Message; i > 0 || text != line {
			text += "\n" + line
		}
	}
	if e.Status >= 500 {
		text = fmt.Sprintf("gembad failed (%d): %s", e.Status, text)
	}
	return text
}

// call sends one request and decodes the JSON answer into out (if not nil).
func (d *daemon) call(ctx context.Context, method, path string, in, out any) error {
	raw, err := d.raw(ctx, method, path, in)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("read the answer of gembad to %s: %w (is it of the same version? gemba doctor tells)", path, err)
	}
	return nil
}

// raw is call that returns the body as it came.
func (d *daemon) raw(ctx context.Context, method, path string, in any) ([]byte, error) {
	status, body, err := d.send(ctx, method, path, in)
	if err != nil {
		return nil, err
	}
	if status >= 300 {
		problem := &daemonError{}
		if json.Unmarshal(body, problem) != nil {
			problem = &daemonError{}
		}
		problem.Status = status
		return nil, problem
	}
	return body, nil
}

// send sends one request and returns the answer whatever its status.
func (d *daemon) send(ctx context.Context, method, path string, in any) (status int, answer []byte, err error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, nil, fmt.Errorf("write the request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost"+path, body)
	if err != nil {
		return 0, nil, fmt.Errorf("make the request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := d.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return 0, nil, ctx.Err()
		}
		return 0, nil, fmt.Errorf("ask gembad on %s: %w", d.socket, err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return 0, nil, ctx.Err()
	case err != nil:
		return 0, nil, fmt.Errorf("read the answer of gembad: %w", err)
	case len(answer) > maxAnswer:
		return 0, nil, fmt.Errorf("the answer of gembad is larger than %d MiB", maxAnswer>>20)
	}
	return res.StatusCode, answer, nil
}

// dataDir is the data folder of the daemon, if its socket lies in it.
func (d *daemon) dataDir() string {
	dir := filepath.Dir(d.socket)
	if filepath.Base(d.socket) != socketName || dir == "/run/gemba" {
		return ""
	}
	return dir
}
