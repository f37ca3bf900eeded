// Package report writes the figures of an evaluation as one HTML file for people who
// decide by them: charts with intervals, nothing to fetch, nothing to run.
package report
