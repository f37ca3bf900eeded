package httpapi

import (
	"runtime"
	"time"
)

// Limits bound what clients can take from the service. Zero fields get defaults.
type Limits struct {
	Searches    int           // searches at one time; default twice the processors
	Queue       int           // searches waiting for their turn; default 64
	QueueTime   time.Duration // longest wait; default 5 s
	SearchTime  time.Duration // longest search; default 30 s
	Footage     int           // videos and frames being made at one time; default 4
	FootageTime time.Duration // longest time to make one; default 30 s

	// Tokens a second and at most at once, per remote address. A search costs
	// searchCost tokens, anything else one. The Unix socket is not counted.
	RemoteRate, RemoteBurst     float64 // default 100 and 600
	LoopbackRate, LoopbackBurst float64 // default 2,000 and 10,000
}

// searchCost is what a search takes from a caller's tokens.
const searchCost = 10

// Sizes of request bodies.
const (
	maxJSONBody    = 1 << 20
	maxPictureBody = 9 << 20
)

func (l *Limits) setDefaults() {
	setInt := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	setTime := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	setRate := func(f *float64, v float64) {
		if *f <= 0 {
			*f = v
		}
	}
	setInt(&l.Searches, 2*runtime.GOMAXPROCS(0))
	setInt(&l.Queue, 64)
	setInt(&l.Footage, 4)
	setTime(&l.QueueTime, 5*time.Second)
	setTime(&l.SearchTime, 30*time.Second)
	setTime(&l.FootageTime, 30*time.Second)
	setRate(&l.RemoteRate, 100)
	setRate(&l.RemoteBurst, 600)
	setRate(&l.LoopbackRate, 2000)
	setRate(&l.LoopbackBurst, 10_000)
}
