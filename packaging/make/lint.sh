#!/usr/bin/env bash
# Static checks: every one is run, the exit status says whether any found something.
set -euo pipefail
cd "$(dirname "$0")/../.."
. build/env.sh

failed=0

# Before the checks: what go says while it downloads is nothing that a check found.
go mod download

# check NAME COMMAND...: a check that speaks only if it finds something.
check() {
  local name=$1 output
  shift
  if ! output=$("$@" 2>&1) || [ -n "$output" ]; then
    printf 'lint: %s\n%s\n' "$name" "$output" >&2
    failed=1
  fi
}

mapfile -t go_folders < <(git ls-files --cached --others --exclude-standard '*.go' | xargs -r dirname | sort -u)
# Scripts that are run; what they source is checked with them.
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run | while read -r file; do [ ! -x "$file" ] || echo "$file"; done)

check "gofmt: run gofmt -w on these" gofmt -l "${go_folders[@]/#/./}"
check "go vet" go vet ./...
staticcheck=$(packaging/make/staticcheck.sh)
check "staticcheck" "$staticcheck" ./...
if command -v shellcheck >/dev/null; then
  check "shellcheck" shellcheck --external-sources --check-sourced --source-path=. --exclude=SC1091 "${scripts[@]}"
else
  echo "lint: shellcheck is not installed, the shell scripts were not checked (make setup-test installs it)" >&2
fi
exit $failed
