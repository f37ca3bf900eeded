#!/usr/bin/env bash
# Every test of the repository. Packages that link no native library are tested under the race detector; for the others
# it would compile the bindings a second time and slow decoding down several times over.
set -euo pipefail
cd "$(dirname "$0")/../.."
. build/env.sh

# Packages whose tests reach a native library, by what is linked, not by name.
native='github.com/asticode/go-astiav|github.com/yalue/onnxruntime_go'
mapfile -t all < <(go list ./...)
mapfile -t with_native < <(go list -test -f '{{if .ForTest}}{{.ForTest}} {{join .Deps " "}}{{end}}' ./... | awk -v native="$native" '$0 ~ native { print $1 }' | sort -u)
mapfile -t pure < <(comm -23 <(printf '%s\n' "${all[@]}" | sort) <(printf '%s\n' "${with_native[@]}" | sort))

failed=0
if [ ${#pure[@]} -gt 0 ]; then
  go test -race -timeout 20m "${pure[@]}" || failed=1
fi
if [ ${#with_native[@]} -gt 0 ]; then
  go test -timeout 30m "${with_native[@]}" || failed=1
fi
exit $failed
