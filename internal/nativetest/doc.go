// Package nativetest tests the shell scripts of packaging/native, which provide FFmpeg, ONNX Runtime and Go.
package nativetest
