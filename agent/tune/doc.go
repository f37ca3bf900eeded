// Package tune trains the refinement head on the box from graded pairs of a
// question and a clip.
package tune
