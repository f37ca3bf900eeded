// Package archtest holds the rules of who may import whom and how packages are laid out, as tests: each rule with its
// reason, so that whoever breaks one reads why it is there.
package archtest
