// Package preprocess turns RGB frames into the pixel tensors that a pack's
// vision model was trained on.
//
// A vision model sees what its training saw only if frames are scaled down
// the same way: an antialiased filter whose support grows with the reduction,
// horizontal pass first, each pass rounded to 8 bits. This package computes
// that in the fixed-point arithmetic of Pillow's Image.resize and gives the
// same bytes; see resample.go.
package preprocess
