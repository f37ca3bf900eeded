# Tests of every kind.

.PHONY: test golden fuzz faults

test: setup-test lint
	@packaging/make/test.sh

golden: setup
	@$(GO) test -count=1 -v -run '^TestGolden' ./agent/encode/... ./agent/tune/... ./index/eval/...

# How long each fuzzer runs.
FUZZTIME ?= 30s

fuzz: setup
	@FUZZTIME='$(FUZZTIME)' packaging/make/fuzz.sh

faults: build
	@packaging/faults/run.sh
