#!/usr/bin/env bash
# Kill and fault loops: the tests that end a process, a disk or a stream at a bad moment, repeated FAULTS times (3) with
# other moments each time.
set -euo pipefail
cd "$(dirname "$0")/../.."
. build/env.sh

mapfile -t folders < <(grep -rlE --include='*_test.go' '^func Test[A-Za-z0-9_]*(Fault|Crash|Kill)' agent cmd index sync 2>/dev/null |
  xargs -r -n 1 dirname | sort -u)
[ ${#folders[@]} -gt 0 ] || {
  echo "faults: no test is named Fault, Crash or Kill" >&2
  exit 1
}
go test -v -timeout 60m -run 'Fault|Crash|Kill' -count "${FAULTS:-3}" "${folders[@]/#/./}" </dev/null |
  grep -vE '^(=== |--- PASS|    --- PASS|PASS$)'
