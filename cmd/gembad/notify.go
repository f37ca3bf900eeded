package main

import (
	"fmt"
	"log/slog"

	sd "github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
)

// notifier tells systemd how the daemon is doing; without systemd it does nothing.
type notifier struct{ logger *slog.Logger }

func (n notifier) send(state string) {
	if _, err := sd.SdNotify(false, state); err != nil {
		n.logger.Warn("systemd could not be told", "state", state, "error", err)
	}
}

func (n notifier) ready(status string) { n.send("READY=1\nSTATUS=" + status) }

func (n notifier) status(status string) { n.send("STATUS=" + status) }

func (n notifier) stopping() { n.send("STOPPING=1\nSTATUS=indexing what was already cut") }

func (n notifier) alive() { n.send(sd.SdNotifyWatchdog) }

// reloading must carry the moment, or systemd cannot tell it from an earlier one.
func (n notifier) reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return
	}
	n.send(fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000))
}
