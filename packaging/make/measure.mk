# The performance claims.

.PHONY: bench

bench: build
	@packaging/bench/run.sh
