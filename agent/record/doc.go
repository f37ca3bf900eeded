// Package record gives back footage that was recorded: the video of a clip,
// made playable without re-encoding and kept in a bounded cache, and single
// pictures of it.
package record
