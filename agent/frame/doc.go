// Package frame holds the one type that travels between the stages of the
// capture pipeline: a decoded picture with its time, and the pool its pixels
// come from. It imports nothing of gemba, so every stage may import it.
package frame
