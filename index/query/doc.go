// Package query answers questions over the index: it turns words and filters
// into one vector search, judges how much the answers can be trusted, and hands
// them out in pages that do not shift.
//
// A question goes through these steps:
//
//	words ─> Parse ──────────> Plan ────────> Store.Search ─> (Refiner) ─> merge ─> page
//	         quotes: filter    text vectors,  filters first,   top 100      events   snapshot
//	         negation: split   alpha, beta    then the scan                          and cursor
//
// A score is comparable only within one question, so every question is also
// asked of the pack's background photos. How many standard deviations an answer
// stands above those (its z) decides between confident, possible and weak.
package query
