// Package tune trains the refinement head on the box from graded pairs of a
// question and a clip, with the Symmetric Multi-Similarity loss.
//
// Grades 0 to 3 become relevancies 0 to 1. The loss compares pairs of one question
// and pairs of one clip; what nobody graded takes no part. Questions are split by
// a hash of their words: 65 % are learned from, 15 % choose the epoch, 20 % decide
// whether the result may answer. It may only if the whole bootstrap interval of the
// nDCG difference on those lies above zero. The head is trained on top of what
// answers now (Base), so that with all learned parts zero nothing changes.
//
// A run is a function of grades, options and seed: sums always go over the same two
// shards in the same order, and what is random (order of questions, dropout) is
// drawn from seed and step. So a run that was killed goes on from its checkpoint
// and ends with the same bits. It works at the lowest priority, within a budget of
// time, which leaves the best epoch so far, and of memory, which makes steps smaller.
//
// # Own gradients instead of a framework
//
// Measured: GoMLX v0.26.0 with its pure Go backend, float32, takes 4.5 s of
// processor time and 3.0 GiB at its peak for one step over the query and output
// projections and the feed-forward part of 64 pairs, there and back. The code here
// takes 0.3 s for the whole head of as many pairs, and all of a training of 1,000
// grades stays near 100 MiB. GoMLX also adds 3.6 MB to a program and 29 packages
// of others; the code here adds less than 0.2 MB, is written once and checked numerically
// for every parameter.
//
// # Answering without ONNX
//
// A tuned head answers from package head, not by patching refine.onnx: its float32
// form needs 21 ms of processor time for 100 candidates of 32 cells and 12 words at
// the size that is trained here (inner width 128, hidden 256), 55 ms at twice the
// width, and both cores share that. So a tuned head is one small file, its scores
// are the ones that were trained, and there are no two forms to keep equal. (Those
// are figures of an amd64 processor with AVX2. There is a kernel for arm64 too,
// tested but not timed; elsewhere it is ten times slower, and the time budget of a
// search decides how many candidates it reaches.)
package tune
