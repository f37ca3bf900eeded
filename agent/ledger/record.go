package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
)

const (
	headerPrefix  = "gemba footage ledger "
	formatVersion = 1
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func header() []byte { return fmt.Appendf(nil, "%s%d\n", headerPrefix, formatVersion) }

// encodeRecord writes an entry as one line.
func encodeRecord(e Entry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode ledger record: %w", err)
	}
	line := fmt.Appendf(nil, "%08x ", crc32.Checksum(body, castagnoli))
	return append(append(line, body...), '\n'), nil
}

var errDamaged = errors.New("damaged ledger record")

// decodeRecord reads a line without its newline.
func decodeRecord(line []byte) (Entry, error) {
	var e Entry
	if len(line) < 10 || line[8] != ' ' {
		return e, errDamaged
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	body := line[9:]
	if err != nil || uint32(sum) != crc32.Checksum(body, castagnoli) {
		return e, errDamaged
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Camera == "" || e.Key == "" {
		return e, errDamaged
	}
	return e, nil
}

// contents is what a ledger file holds.
type contents struct {
	entries []Entry
	good    int64 // bytes up to the end of the last whole line
	damaged int   // lines left out
	version int   // 0: no header could be read
}

// decode reads a whole ledger file, whatever state it is in.
func decode(data []byte) contents {
	var c contents
	first := true
	for {
		n := bytes.IndexByte(data, '\n')
		if n < 0 {
			return c
		}
		line := data[:n]
		data = data[n+1:]
		c.good += int64(n) + 1
		if first {
			first = false
			if v, ok := bytes.CutPrefix(line, []byte(headerPrefix)); ok {
				if number, err := strconv.Atoi(string(v)); err == nil && number > 0 {
					c.version = number
					continue
				}
			}
		}
		e, err := decodeRecord(line)
		if err != nil {
			c.damaged++
			continue
		}
		c.entries = append(c.entries, e)
	}
}
