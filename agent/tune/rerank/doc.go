// Package rerank lets the tuned head of a box order answers: a query.Refiner
// that asks the pack's own refiner first and lets the head correct its scores.
//
// Without a tuned head, or where a head fails, the pack's answer stands as it is.
package rerank
