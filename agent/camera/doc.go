// Package camera says what is to be opened for a camera and which moment its
// pictures show: the address of a source, and the rule by which the media time
// of a file becomes a time of day. It opens nothing itself and needs no cgo.
package camera
