// Package encode runs a pack's models: pictures and questions become vectors of
// one shared space. It is the only importer of onnxruntime_go.
//
// A pack is a folder with everything that belongs to one pair of models:
//
//	manifest.json    what the files are and how they are to be used
//	vision.onnx      pixels [n, 3, height, width] -> embedding [n, dims] and
//	                 tokens [n, cells, tokenDims]
//	text.onnx        ids and mask [b, length] -> embedding [b, dims] and
//	                 tokens [b, length, tokenDims]
//	tokenizer.json   see package tokenizer
//	hub_bank.npy     [rows, dims], sentences for the hub term
//	background.npy   [rows, dims], photos for calibration
//	card.md          for people; not listed in the manifest
//
// OpenPack trusts nothing in it: every file is checked against the manifest
// before it is used. New then loads the models into ONNX Runtime with the best
// execution provider that really works, and EncodeClips and EncodeText may be
// called from any number of goroutines.
package encode
