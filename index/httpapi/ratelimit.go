package httpapi

import (
	"container/list"
	"sync"
	"time"
)

// maxBuckets bounds the addresses remembered; the one not seen for longest goes.
const maxBuckets = 4096

// rateLimiter is a token bucket per key.
type rateLimiter struct {
	mu      sync.Mutex
	buckets map[string]*list.Element
	recent  *list.List // of *bucket, most recently used first
	now     func() time.Time
}

type bucket struct {
	key    string
	tokens float64
	at     time.Time
}

func newRateLimiter(now func() time.Time) *rateLimiter {
	return &rateLimiter{buckets: map[string]*list.Element{}, recent: list.New(), now: now}
}

// take takes cost tokens from the bucket of key, which fills at rate tokens a
// second up to burst. If there are too few it takes none and returns how long to
// wait for them.
func (l *rateLimiter) take(key string, cost, rate, burst float64) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	element, found := l.buckets[key]
	if !found {
		element = l.recent.PushFront(&bucket{key: key, tokens: burst, at: now})
		l.buckets[key] = element
		if l.recent.Len() > maxBuckets {
			oldest := l.recent.Remove(l.recent.Back()).(*bucket)
			delete(l.buckets, oldest.key)
		}
	}
	l.recent.MoveToFront(element)
	b := element.Value.(*bucket)
	b.tokens = min(burst, b.tokens+rate*max(now.Sub(b.at).Seconds(), 0))
	b.at = now
	if b.tokens < cost {
		return time.Duration((cost - b.tokens) / rate * float64(time.Second)), false
	}
	b.tokens -= cost
	return 0, true
}
