package index

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/vfs"
)

// numbers hands out partition numbers, each once for ever: the file holds the
// first number that was never reserved, and is written before one is used.
type numbers struct {
	fs       vfs.FS
	name     string
	next     uint32
	reserved uint32
}

const (
	// reserveNumbers are taken at a time, so that a new day for many cameras
	// writes the file once.
	reserveNumbers = 64
	// numberGap is left when the file is lost: wider than what can have been
	// handed out behind the numbers still seen.
	numberGap = 1 << 16
)

func encodeNumber(n uint32) []byte {
	s := fmt.Appendf(nil, "%d", n)
	return fmt.Appendf(s, " %08x\n", crc32.ChecksumIEEE(s))
}

func decodeNumber(b []byte) (uint32, error) {
	var n, sum uint32
	if _, err := fmt.Sscanf(string(b), "%d %08x\n", &n, &sum); err != nil {
		return 0, err
	}
	if string(encodeNumber(n)) != string(b) {
		return 0, errors.New("checksum does not match")
	}
	return n, nil
}

// openNumbers reads the file; highest is the highest number seen in use.
func openNumbers(fsys vfs.FS, dir string, highest uint32, report func(Problem)) (*numbers, error) {
	n := &numbers{fs: fsys, name: path.Join(dir, "next")}
	b, err := vfs.ReadFile(fsys, n.name, 64)
	var v uint32
	switch {
	case err == nil:
		if v, err = decodeNumber(b); err == nil && v > highest {
			n.next, n.reserved = v, v
			return n, nil
		}
		report(Problem{Path: n.name, Reason: "counter of partitions is damaged or behind", Repaired: true})
	case errors.Is(err, fs.ErrNotExist):
		if highest == 0 {
			n.next, n.reserved = 1, 1
			return n, nil
		}
		report(Problem{Path: n.name, Reason: "counter of partitions is missing", Repaired: true})
	default:
		return nil, err
	}
	n.next = max(highest, v) + numberGap
	n.reserved = n.next
	return n, nil
}

// take returns a number that was never given.
func (n *numbers) take() (uint32, error) {
	if n.next >= 1<<32-reserveNumbers {
		return 0, errors.New("partition numbers are used up")
	}
	if n.next >= n.reserved {
		upto := n.next + reserveNumbers
		if err := vfs.WriteFileAtomic(n.fs, n.name, encodeNumber(upto)); err != nil {
			return 0, fmt.Errorf("reserve partition numbers: %w", err)
		}
		n.reserved = upto
	}
	n.next++
	return n.next - 1, nil
}

// The format file stands for the whole folder, so that a release which changes
// how files relate can be told apart without reading them all.
const formatText = "gemba index format %d"

// encodeFormat carries a checksum, so that a flipped bit is not taken for a
// release of the future.
func encodeFormat(v int) []byte {
	s := fmt.Appendf(nil, formatText, v)
	return fmt.Appendf(s, " %08x\n", crc32.ChecksumIEEE(s))
}

func checkFormat(fsys vfs.FS, dir string, readOnly bool) error {
	name := path.Join(dir, "format")
	b, err := vfs.ReadFile(fsys, name, 64)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		var v int
		var sum uint32
		if _, err := fmt.Sscanf(string(b), formatText+" %08x\n", &v, &sum); err == nil && string(encodeFormat(v)) == string(b) {
			if v > segment.Version {
				return fmt.Errorf("%s says format %d: %w", name, v, ErrNewerVersion)
			}
			return nil
		}
	}
	// Every file carries its own version as well: a missing or garbled one is
	// no reason to refuse.
	if readOnly {
		return nil
	}
	return vfs.WriteFileAtomic(fsys, name, encodeFormat(segment.Version))
}
