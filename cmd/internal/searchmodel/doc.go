// Package searchmodel joins a model pack to the query engine: neither of the two
// knows the other, and both commands need them joined in the same way.
package searchmodel
