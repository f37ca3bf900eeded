# gemba: build, test and run from a clone. "make" alone says what there is.
# What a target needs from the machine is set up by packaging/native/setup.sh, which does nothing when all is there.

.DEFAULT_GOAL := help
SHELL := bash
MAKEFLAGS += --no-print-directory
.NOTPARALLEL:

# Every Go command runs with what setup wrote down: compiler, flags, native libraries.
GO := . build/env.sh && go

include packaging/make/build.mk packaging/make/test.mk packaging/make/lint.mk packaging/make/measure.mk

.PHONY: help
help:
	@echo 'make run      build, take the sample footage in once, serve the page on 127.0.0.1:8470 (Ctrl-C stops)'
	@echo 'make build    build/bin/gembad, build/bin/gemba and what else there is under cmd/'
	@echo 'make test     lint, then every test, with what they need set up'
	@echo 'make lint     formatting, vet, static analysis, shell scripts'
	@echo 'make fuzz     every fuzzer for FUZZTIME each (30s)'
	@echo 'make golden   the golden tests alone, verbosely (GEMBA_GOLDEN=folder for other vectors)'
	@echo 'make bench    the performance claims as a table, and in build/bench.json'
	@echo 'make faults   kill and fault loops'
	@echo 'make setup    only what the machine needs to build (setup-test: and to test)'
	@echo 'make clean    removes build/; what is cached for all clones stays in ~/.cache/gemba'

.PHONY: clean
clean:
	rm -rf build
