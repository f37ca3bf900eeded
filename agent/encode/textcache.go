package encode

import (
	"container/list"
	"sync"
)

// maxCachedText keeps huge texts from being remembered.
const maxCachedText = 4096

// textCache remembers the answers to the latest texts: a search is often
// repeated with other filters, or page by page.
type textCache struct {
	mu    sync.Mutex
	size  int
	order *list.List // of *textEntry, latest first
	byKey map[string]*list.Element
}

type textEntry struct {
	text   string
	answer TextEmbedding
}

func newTextCache(size int) *textCache {
	return &textCache{size: size, order: list.New(), byKey: map[string]*list.Element{}}
}

func (c *textCache) get(text string) (TextEmbedding, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.byKey[text]
	if !ok {
		return TextEmbedding{}, false
	}
	c.order.MoveToFront(el)
	return el.Value.(*textEntry).answer.clone(), true
}

func (c *textCache) put(text string, answer TextEmbedding) {
	if len(text) > maxCachedText {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if el, ok := c.byKey[text]; ok {
		el.Value.(*textEntry).answer = answer
		c.order.MoveToFront(el)
		return
	}
	c.byKey[text] = c.order.PushFront(&textEntry{text, answer})
	if c.order.Len() > c.size {
		last := c.order.Remove(c.order.Back()).(*textEntry)
		delete(c.byKey, last.text)
	}
}
