package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the default action is back: a second one ends a
	// program that does not stop by itself.
	context.AfterFunc(ctx, stop)
	code := newApp().run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// newApp wires the commands to the real world.
func newApp() *app {
	// Only what an operator must know: the result is what the command prints.
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return &app{
		stdout:    os.Stdout,
		stderr:    os.Stderr,
		terminal:  isTerminal(os.Stderr),
		getenv:    os.Getenv,
		now:       time.Now,
		location:  time.Local,
		pollEvery: 300 * time.Millisecond,
		sockets:   []string{"/run/gemba/gembad.sock", "./build/demo/gembad.sock"},
		local:     openers{logger: logger},
	}
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
