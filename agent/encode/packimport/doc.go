// Package packimport makes packs of models as hubs publish them: a folder with
// config.json, preprocessor_config.json, tokenizer.json and ONNX files becomes a
// folder with a manifest. Nothing is converted and nothing but ONNX Runtime is
// needed; what a foreign model wants done otherwise (padding, its own way to cut
// pictures, vectors that aren't unit) is said in the manifest.
//
// A model is known by its interface, not by its name:
//
//   - pictures: one float32 input [n, 3, height, width]
//   - texts: token numbers [b, length], with or without a mask, positions, types
//   - an embedding for each: image_embeds and text_embeds, the names of Jina CLIP,
//     or SigLIP's pooler_output; or whatever the one output of two dimensions is
//
// in two files or in one, which is then cut in two. Whatever can't be done
// faithfully is refused by name.
//
// Such models give no tokens for refinement: a frame's embedding serves as its
// one token. They come without sentences for the hub term: a fixed list of
// everyday sentences, sentences.txt, is encoded instead. And they come without
// background photos: if none are given, no answer is called confident.
package packimport
