// Command gembad is the daemon of a box: it takes in the footage of the
// configured cameras, keeps the index and answers searches on a loopback
// address and on the socket <data_dir>/gembad.sock.
//
//	gembad --config FILE [--check]
//
// SIGHUP reads the configuration again, SIGTERM and SIGINT drain and stop, a
// second one stops at once. Exit codes: 0 clean, 1 failure, 2 usage, 78 bad configuration.
package main
