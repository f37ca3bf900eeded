package decode

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/asticode/go-astiav"
)

// maxKnownJumps bounds what is remembered about files.
const maxKnownJumps = 256

// fileState tells one state of a file from another.
type fileState struct {
	path    string
	size    int64
	changed time.Time
}

var knownJumps = struct {
	sync.Mutex
	of map[fileState]bool
}{of: make(map[fileState]bool)}

// stampsJump tells whether the stamps of a file jump or some are missing, so
// that media time cannot be found by stamp but only by reading from the start. Finding out
// means reading the file once, without decoding, so the answer is remembered
// until the file changes.
func stampsJump(ctx context.Context, address string) (bool, error) {
	path, _, err := resolve(address)
	if err != nil {
		return false, err
	}
	state := fileState{path: path}
	if st, err := os.Stat(path); err == nil {
		state.size, state.changed = st.Size(), st.ModTime()
	}
	knownJumps.Lock()
	jumps, known := knownJumps.of[state]
	knownJumps.Unlock()
	if known {
		return jumps, nil
	}
	if jumps, err = findJump(ctx, address); err != nil {
		return false, err
	}
	knownJumps.Lock()
	defer knownJumps.Unlock()
	for old := range knownJumps.of {
		if len(knownJumps.of) < maxKnownJumps {
			break
		}
		delete(knownJumps.of, old)
	}
	knownJumps.of[state] = jumps
	return jumps, nil
}

func findJump(ctx context.Context, address string) (bool, error) {
	in, err := openInput(ctx, address, "")
	if err != nil {
		return false, err
	}
	defer in.close()
	pkts, err := newPackets(in)
	if err != nil {
		return false, wrap("read", in.name, err)
	}
	defer pkts.free()
	pkts.only(false)
	// Stamps that libav makes up depend on where reading began.
	in.fc.SetFlags(in.fc.Flags().Del(astiav.FormatContextFlagGenPts))
	for {
		switch err := pkts.next(ctx); {
		case errors.Is(err, io.EOF):
			return false, nil
		case err != nil:
			return false, err
		case pkts.repair.jumps > 0, pkts.pkt.Pts() == noStamp:
			return true, nil
		}
	}
}
