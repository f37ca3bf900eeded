// Package scan finds the best rows of many segments for one query: it prunes
// blocks by time and by the caller's bitmap, scores the rest, and keeps the
// best. Today rows are scored exactly from their float16 vectors; a quantised
// first pass fits behind the same [Run].
package scan
