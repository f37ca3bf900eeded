package index

import (
	"errors"
	"fmt"
	"strconv"
)

// ID names a clip for good: the number of its partition (camera and day) in the
// high half, its ordinal there in the low half. Neither is ever reused. 0 is no
// clip.
type ID uint64

func makeID(partition, ord uint32) ID { return ID(partition)<<32 | ID(ord) }

func (id ID) partition() uint32 { return uint32(id >> 32) }
func (id ID) ord() uint32       { return uint32(id) }

// String gives 16 hexadecimal digits, the form links and commands use.
func (id ID) String() string { return fmt.Sprintf("%016x", uint64(id)) }

// ErrBadID is returned for text that is no clip id.
var ErrBadID = errors.New("a clip id is 16 hexadecimal digits")

// ParseID reads what String gives.
func ParseID(s string) (ID, error) {
	if len(s) != 16 {
		return 0, ErrBadID
	}
	for i := range s {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return 0, ErrBadID
		}
	}
	v, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0, ErrBadID
	}
	return ID(v), nil
}

// MarshalText gives String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (id *ID) UnmarshalText(b []byte) error {
	v, err := ParseID(string(b))
	if err == nil {
		*id = v
	}
	return err
}
