package sealed

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

var (
	// ErrDamaged is returned for a file whose bytes are not those that were written.
	ErrDamaged = errors.New("the file is damaged or was cut short")
	// ErrNewerVersion is returned for a file of a later program.
	ErrNewerVersion = errors.New("the file was written by a newer version of this program")
	// ErrKind is returned for a file that is something else.
	ErrKind = errors.New("the file is of another kind")
)

// maxHeader bounds the header: 1 MiB.
const maxHeader = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode returns the bytes of a file. Every number must be finite.
func Encode(kind string, version int, header any, arrays ...[]float32) ([]byte, error) {
	h, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	out := fmt.Appendf(nil, "gemba %s %d\n", kind, version)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(h)))
	out = append(out, h...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(arrays)))
	for _, a := range arrays {
		out = binary.LittleEndian.AppendUint32(out, uint32(len(a)))
		for i, v := range a {
			if v != v || math.IsInf(float64(v), 0) {
				return nil, fmt.Errorf("encode %s: number %d is %v, which is never kept", kind, i, v)
			}
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	}
	return binary.LittleEndian.AppendUint32(out, crc32.Checksum(out, castagnoli)), nil
}

// Decode reads what Encode wrote into header and returns the arrays. Versions up
// to the one given are read. It allocates no more than the data is long.
func Decode(data []byte, kind string, version int, header any) (found int, arrays [][]float32, err error) {
	line, _, ok := bytes.Cut(data[:min(len(data), 64)], []byte{'\n'})
	if !ok {
		return 0, nil, ErrDamaged
	}
	rest := data[len(line)+1:]
	var name string
	if n, _ := fmt.Sscanf(string(line), "gemba %s %d", &name, &found); n != 2 || found < 1 {
		return 0, nil, ErrDamaged
	}
	if name != kind {
		return 0, nil, fmt.Errorf("%w: it holds a %s, not a %s", ErrKind, name, kind)
	}
	if found > version {
		return found, nil, fmt.Errorf("%w (format %d, this is %d)", ErrNewerVersion, found, version)
	}
	if len(rest) < 4 || crc32.Checksum(data[:len(data)-4], castagnoli) != binary.LittleEndian.Uint32(data[len(data)-4:]) {
		return found, nil, ErrDamaged
	}
	r := reader{rest[:len(rest)-4]}
	length, ok := r.number()
	if !ok || length > maxHeader || length > len(r.left) {
		return found, nil, ErrDamaged
	}
	if err := json.Unmarshal(r.take(length), header); err != nil {
		return found, nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	count, ok := r.number()
	for range count {
		if length, ok = r.number(); !ok || length > len(r.left)/4 {
			return found, nil, ErrDamaged
		}
		raw, a := r.take(4*length), make([]float32, length)
		for i := range a {
			a[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
			if a[i] != a[i] || math.IsInf(float64(a[i]), 0) {
				return found, nil, fmt.Errorf("%w: it holds a number that is not finite", ErrDamaged)
			}
		}
		arrays = append(arrays, a)
	}
	if !ok || len(r.left) != 0 {
		return found, nil, ErrDamaged
	}
	return found, arrays, nil
}

type reader struct{ left []byte }

func (r *reader) number() (int, bool) {
	if len(r.left) < 4 {
		return 0, false
	}
	return int(binary.LittleEndian.Uint32(r.take(4))), true
}

func (r *reader) take(n int) []byte {
	out := r.left[:n]
	r.left = r.left[n:]
	return out
}
