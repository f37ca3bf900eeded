// Package heads keeps the tuned heads of a box and says which one answers.
//
//	<data_dir>/heads/
//	    current          which one answers, and which ones did before
//	    1/head.bin       a head, see package head
//	    1/verdict.json   how it was judged, for people
//	    2/…
//
// current is replaced by renaming, so that after a power cut it names either the
// old head or the new one, and a head is complete before current ever names it.
// Number 0 is the pack's own order, without a tuned head. The head that answers
// goes on answering while another is trained, added and promoted; Scorer changes
// from one call to the next, never within one.
package heads
