#!/usr/bin/env bash
# The performance claims: every benchmark of the repository, one package at a time so that none disturbs another,
# printed as a table and written to build/bench.json. BENCH narrows by name, BENCHTIME lengthens.
set -euo pipefail
cd "$(dirname "$0")/../.."
. build/env.sh

mapfile -t folders < <(grep -rlE --include='*_test.go' '^func Benchmark' agent cmd index sync internal 2>/dev/null |
  xargs -r -n 1 dirname | sort -u)
go test -p 1 -timeout 60m -run '^$' -bench "${BENCH:-.}" -benchtime "${BENCHTIME:-1s}" -benchmem "${folders[@]/#/./}" </dev/null |
  tee build/bench.txt | packaging/bench/table.sh
packaging/bench/json.sh <build/bench.txt >build/bench.json.tmp
mv build/bench.json.tmp build/bench.json
echo "also in build/bench.json"
