// Package httpapi serves the index over HTTP: the JSON interface under /api/v1
// with its OpenAPI description, probes, metrics and the web page.
//
// A request passes, from the outside in:
//
//	observe ─> guard ───────────> mux ─> handler ─> query, store, footage, importer
//	id, log,   host name, origin,        limits of
//	metrics,   rate, headers             its own
//	panics
//
// Errors are application/problem+json (RFC 9457). The service reads and writes
// nothing on behalf of other web sites: it knows no CORS, checks the Host header
// against DNS rebinding, and takes writes from its own page or from programs only.
package httpapi
