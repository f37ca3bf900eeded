// Package japanese turns a question in Japanese into the English phrase that a
// text encoder trained on English captions understands.
//
//	text ─> normalise ─> analyse ──> read ───────> parse ─────────> English
//	        NFKC         morphemes   words of      modifiers before  word order,
//	                     (kagome)    two tables,   their noun,       articles,
//	                                 longest first clauses           plurals
//
// It is no general translator: it knows how people ask for what a camera saw.
// The result is a caption ("a man wearing a helmet"), not a sentence; politeness
// and times of day are left out. Negations come out in the words that package
// query splits off ("without a helmet").
//
// lexicon.txt holds the words of sites and everyday life with the sense meant
// here; jmdict.tsv.gz the rest, made by packaging/language from JMdict.
package japanese
