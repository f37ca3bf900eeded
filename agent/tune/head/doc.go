// Package head is the refinement head: contextual cross-attention between the
// words of a question and the visual tokens of a clip, behind gates that are shut
// until training opens them, with the support term and the hub correction.
//
// The score of a pair is
//
//	s1 = first + (v1 . t1 - v0 . t0) + b L(q, c) - d h(c)
//
// where first is the first stage's score s0 - alpha h, v1 and t1 are the refined
// embeddings, L is the support of the question's words and h the clip's hub term.
// The gates, b and d are learned; with all of them zero the score is the first
// stage's, bit by bit.
//
// Params in float64 is the reference: it is written for reading, gives every
// step between, and has the gradients of every learned part. The same code in
// float32 trains. Scorer is the fast float32 form that answers.
package head
