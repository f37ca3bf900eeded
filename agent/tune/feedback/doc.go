// Package feedback keeps what people say of answers: grades of clips for
// questions, each durable before it is acknowledged.
//
// # File
//
// <data_dir>/feedback/grades is one text file that is only appended to:
//
//	gemba feedback 1\n                            header
//	5f3b9c01 {"query":"…","clip":"…","grade":2,…}\n  a grade
//	…
//
// A grade begins with the CRC-32C of its JSON in eight hexadecimal digits and a
// space. Reading goes from newline to newline: a torn last line is cut off, a
// damaged line is left out and counted, and the rest still counts. Nothing is
// ever overwritten: of two grades of one pair the later one is the opinion, and
// that there were two is told when training.
package feedback
