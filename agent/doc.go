// Package agent is the capture pipeline: it takes footage in, from video files
// and from the folders that recorders fill, cuts it into clips, has them
// understood by the model and puts them into the index, each exactly once.
//
//	          jobs            clips             embedded clips
//	source ────────> decode ─────────> encode ─────────────────> append ──> index
//	                 worker(s)         one, in batches           one        ledger
//
// The stages are goroutines joined by bounded channels. They are started from
// the sink back to the source, so that a receiver always exists, and stopped
// from the source forward: only the decode workers see that the run was
// cancelled; then each closed channel lets the next stage drain what was
// already cut. What comes off the pipeline is in the index and durable.
//
// A file that was not finished stays "started" in the ledger. The next run
// decodes it again from the beginning, which gives the same clips, and leaves
// out those that the index has.
package agent
