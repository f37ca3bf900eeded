// Package decode says how FFmpeg is driven: it opens footage and cameras,
// decodes them into upright RGB frames of a wanted size, finds single frames,
// and cuts parts out without re-encoding. It is the only importer of
// go-astiav.
//
//	          demux            repair            decode         drop, scale, turn
//	url ──> packets ──> media time from 0 ──> libavcodec ──> pooled RGB frames
//	            │              │
//	            └── Remux ─────┴──> MP4         FrameAt, Probe share the left part
//
// Media time. Offset 0 is the first key frame of the source. What follows
// keeps its distance as stamped; where the stamps jump (a recorder restarted,
// two recordings in one file, a wrapped counter) the footage is put together
// without a hole, and every such repair is counted. Reader, FrameAt and Remux
// map stamps by the same code, so an Offset seen once can be asked for later.
//
// FFmpeg is C fed with foreign bytes. The rules here: everything allocated by
// it is freed by Close in the order it depends on (never by a finalizer);
// pixels are copied out before their AVFrame is unreferenced; allocations of
// the library are capped; local files may only be read through the file
// protocol and by the demuxers named in input.go, so that no playlist or
// session description smuggled in as a recording can make the box open
// anything else.
package decode
