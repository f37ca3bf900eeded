// Package clip turns the frames of one source into clips: the windows of some
// seconds that are indexed and found.
//
// A Cutter compares low-resolution grey pictures of the frames, begins a new
// window where motion begins or ends or the scene changes, and otherwise after
// the nominal length. While nothing moves it lets one clip stand for up to a
// minute. Clips never overlap, come in order and, apart from gaps in the
// footage itself, leave nothing between them.
//
// What a Cutter returns depends on nothing but the frames: the same footage
// read again gives the same clips with the same Start, which is what resuming
// an interrupted import relies on.
package clip
