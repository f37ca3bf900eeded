#!/usr/bin/env bash
# Every fuzzer of the repository, one after another, each for FUZZTIME. An input that breaks one is kept by go test
# under testdata/fuzz of its package: commit it with the repair.
set -euo pipefail
cd "$(dirname "$0")/../.."
. build/env.sh

failed=()
count=0
while read -r folder name; do
  count=$((count + 1))
  go test -run '^$' -fuzz "^$name\$" -fuzztime "${FUZZTIME:-30s}" "./$folder" </dev/null || failed+=("$folder $name")
done < <(grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' agent cmd index sync internal 2>/dev/null |
  sed -E 's,/[^/]*_test\.go:func , ,' | sort -u)
echo "$count fuzzers ran, ${#failed[@]} found something"
[ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[@]}" >&2
[ ${#failed[@]} -eq 0 ]
