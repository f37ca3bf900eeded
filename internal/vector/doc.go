// Package vector has the arithmetic on float32 vectors that several packages share.
package vector
