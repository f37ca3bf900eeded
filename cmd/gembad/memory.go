package main

import (
	"bufio"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// goShare is the part of the memory that Go's heap may grow to before the
// collector works harder. The rest is for what Go does not see: the models,
// FFmpeg's pictures, and the mapped index.
const goShare = 0.5

// limitMemory bounds Go's heap by what this process may have, unless GOMEMLIMIT says so itself.
func limitMemory(logger *slog.Logger) {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	limit := availableMemory()
	if limit <= 0 {
		return
	}
	debug.SetMemoryLimit(int64(float64(limit) * goShare))
	logger.Debug("memory limit set", "available_bytes", limit, "go_share", goShare)
}

// availableMemory is the least of the machine's memory and the bounds of this
// process's control group; 0 if unknown.
func availableMemory() int64 {
	var least int64
	take := func(n int64) {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	if f, err := os.Open("/proc/meminfo"); err == nil {
		defer f.Close()
		take(memTotal(f))
	}
	group, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return least
	}
	for line := range strings.Lines(string(group)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		for _, name := range []string{"memory.max", "memory.high"} {
			if text, err := os.ReadFile("/sys/fs/cgroup" + path + "/" + name); err == nil {
				n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is no number and no bound
				take(n)
			}
		}
	}
	return least
}

// memTotal reads the machine's memory from /proc/meminfo.
func memTotal(r io.Reader) int64 {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
