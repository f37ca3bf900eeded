// Package eval measures how good answers are: the official EPIC-KITCHENS-100
// retrieval metrics with every oddity of the published code, textbook
// retrieval metrics for photos and footage, and the readers of the files that
// say what the right answers are.
//
// It is pure: matrices, ranks and annotation files go in, numbers come out. It
// knows nothing about models, video or the index. docs/evaluation.md defines
// each metric in words.
package eval
