package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
)

// What Fingerprint reads of a file. Part of the format: fingerprints are stored
// in the ledger and the index.
const (
	wholeBelow  = 8 << 20   // smaller files are read whole
	sampleEnds  = 256 << 10 // of larger ones the beginning and the end
	sampleCount = 64        // and as many pieces between, evenly spaced
	samplePiece = 16 << 10  // of this size
)

// Fingerprint returns the identity of a file's content and its size.
//
// It is the SHA-256 of the size and of the bytes read: all of a file below
// 8 MiB, else 256 KiB at each end and 64 pieces of 16 KiB evenly between
// (1.5 MiB in all). Two files are taken for one only if they have the same
// length and agree in all those pieces. Compressed video differs in almost
// every byte from one recording to the next, and its container's tables, which
// lie at one of the ends, hold the sizes of all frames; so a clash needs
// somebody to make it, and then costs that person's file its place in the index.
// A file that a recorder still fills in place can look the same for a while,
// which is why folders are taken in only when they are steady.
func Fingerprint(ctx context.Context, path string) (key string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("fingerprint %s: not a regular file", path)
	}
	size = info.Size()
	h := sha256.New()
	h.Write(binary.LittleEndian.AppendUint64(nil, uint64(size)))
	if size < wholeBelow {
		if _, err := io.Copy(h, io.NewSectionReader(f, 0, size)); err != nil {
			return "", 0, fmt.Errorf("fingerprint %s: %w", path, err)
		}
		return "g1-" + hex.EncodeToString(h.Sum(nil)[:16]), size, nil
	}
	buf := make([]byte, sampleEnds)
	read := func(at int64, n int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		got, err := f.ReadAt(buf[:n], at)
		if err != nil && (err != io.EOF || got < n) {
			return fmt.Errorf("fingerprint %s: %w", path, err)
		}
		h.Write(buf[:n])
		return nil
	}
	if err := read(0, sampleEnds); err != nil {
		return "", 0, err
	}
	middle := size - 2*sampleEnds - samplePiece
	for i := range int64(sampleCount) {
		if err := read(sampleEnds+middle*i/(sampleCount-1), samplePiece); err != nil {
			return "", 0, err
		}
	}
	if err := read(size-sampleEnds, sampleEnds); err != nil {
		return "", 0, err
	}
	return "g1-" + hex.EncodeToString(h.Sum(nil)[:16]), size, nil
}
