package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gembahq/gemba/index/httpapi"
)

const (
	socketName = "gembad.sock"
	// maxSocketPath is what the kernel takes (unix(7)).
	maxSocketPath = 107
	// graceful is how long answers under way may take when the daemon stops.
	graceful = 5 * time.Second
)

// listenAll opens the configured address and the sockets. The caller holds the
// lock of the data folder, so that a socket that lies there is a leftover.
func listenAll(address, dataDir string, logger *slog.Logger) (tcp net.Listener, sockets []net.Listener, err error) {
	tcp, err = net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, nil, fmt.Errorf("listen on %s: another program listens there: stop it, or change http.listen", address)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	paths := []string{filepath.Join(dataDir, socketName)}
	// Where systemd gives a folder below /run, programs look there first.
	if dir := os.Getenv("RUNTIME_DIRECTORY"); dir != "" {
		paths = append(paths, filepath.Join(dir, socketName))
	}
	for _, path := range paths {
		l, err := listenSocket(path)
		if err != nil {
			logger.Warn("no socket for local programs; they can use the address", "socket", path, "address", address, "reason", err)
			continue
		}
		sockets = append(sockets, l)
	}
	return tcp, sockets, nil
}

// listenSocket opens a socket for the daemon's user and group, in place of a
// leftover of a process that was killed.
func listenSocket(path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("its path is longer than %d bytes", maxSocketPath)
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode().Type() != fs.ModeSocket:
		return nil, errors.New("something that is no socket lies there: move it away")
	default:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o660); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// serveHTTP answers on a listener until ctx is done, then lets answers under way end.
func serveHTTP(l net.Listener, handler http.Handler, logger *slog.Logger) func(context.Context) error {
	server := httpapi.NewServer(handler, logger)
	return func(ctx context.Context) error {
		stopped := make(chan struct{})
		release := context.AfterFunc(ctx, func() {
			defer close(stopped)
			limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceful)
			defer cancel()
			if err := server.Shutdown(limit); err != nil {
				server.Close()
			}
		})
		err := server.Serve(l)
		if !release() {
			<-stopped
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
}
