// Package tokenizer turns text into the token numbers that a pack's text model
// was trained on, from the tokenizer.json that model hubs publish.
//
// It implements the parts that CLIP-like text towers use: WordPiece with BERT's
// normalisation, byte-level BPE as CLIP and GPT-2 have it, and sentencepiece's
// Unigram (SigLIP, XLM-R) and BPE with bytes (SigLIP 2, Gemma). Its answers
// equal those of the Python library "tokenizers" (see testdata); a file that
// asks for anything else is refused by name when it is loaded, never read
// approximately.
//
// Text comes from people and programs: any bytes are fine, and the time taken
// grows no faster than n log n with their number.
package tokenizer
