package tune

import "runtime"

// shards is how many parts a step's pairs are dealt into, each with gradients of
// its own. It is fixed: sums then have the same order, and so the same bits, on
// every machine.
const shards = 2

// crew are threads at the lowest priority that do the shards of a step. They
// are locked to their goroutines and end with them, so no other goroutine ever
// inherits the priority.
type crew struct {
	tasks [shards]chan func(shard int)
	done  chan struct{}
}

func newCrew() *crew {
	c := &crew{done: make(chan struct{})}
	for i := range c.tasks {
		c.tasks[i] = make(chan func(int))
		go func() {
			runtime.LockOSThread()
			yieldToOthers()
			for task := range c.tasks[i] {
				task(i)
				c.done <- struct{}{}
			}
		}()
	}
	return c
}

// do runs task once for every shard and waits for all.
func (c *crew) do(task func(shard int)) {
	for i := range c.tasks {
		c.tasks[i] <- task
	}
	for range c.tasks {
		<-c.done
	}
}

func (c *crew) close() {
	for i := range c.tasks {
		close(c.tasks[i])
	}
}
