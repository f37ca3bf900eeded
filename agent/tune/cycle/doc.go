// Package cycle goes once from feedback to a head that answers: it collects the
// grades, trains a candidate beside the head that answers, and promotes it only if
// the held-out questions say that it is better. Interrupted, it goes on from its
// checkpoint the next time.
package cycle
