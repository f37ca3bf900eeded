#!/usr/bin/env bash
# Prints the path of staticcheck at its pinned version, built once per version and Go into the cache.
# shellcheck source=packaging/native/lib.sh
. "$(dirname "$0")/../native/lib.sh"
cd "$repo_dir"
. build/env.sh

version=v0.8.2
folder=$cache_dir/tools/staticcheck-$version-$(go env GOVERSION)-$(native_arch)

build_staticcheck() {
  say "building staticcheck $version, once for this machine"
  # Of our own flags and libraries it must know nothing: the folder is named by version and Go alone.
  (cd / && CGO_ENABLED=0 GOFLAGS=-buildvcs=false GOBIN=$1 go install "honnef.co/go/tools/cmd/staticcheck@$version" >&2)
}

make_once "$folder" build_staticcheck
echo "$folder/staticcheck"
