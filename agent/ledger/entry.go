package ledger

import "time"

// State is how far a footage file was taken in.
type State string

// The states of a file. A file that could not be read has none: it is tried again.
const (
	Started State = "started" // its clips may be in the index in part
	Done    State = "done"    // all of its clips are in the index, durably
)

// Entry is what is known of one footage file of one camera.
type Entry struct {
	Camera string `json:"camera"`
	Key    string `json:"key"`  // Fingerprint of the content
	Path   string `json:"path"` // absolute; the place it was last seen
	Size   int64  `json:"size"`
	// Modified is the file's modification time.
	Modified time.Time `json:"modified"`
	// Start is the moment of the first frame. It is settled when the file is
	// first met and holds when the import goes on later, whatever its name is then.
	Start  time.Time `json:"start"`
	Origin string    `json:"origin"` // where Start came from: camera.Origin
	Mode   string    `json:"mode"`   // full or keyframes, settled as Start is
	State  State     `json:"state"`
	Clips  int       `json:"clips,omitempty"`
	// Seconds of footage, known once it is done.
	Seconds float64 `json:"seconds,omitempty"`
	// Damage says what was wrong with a file that could be taken in only in part.
	Damage  string    `json:"damage,omitempty"`
	Updated time.Time `json:"updated"`
}

// place is one file in which a content was seen.
type place struct {
	path     string
	size     int64
	modified time.Time
}
