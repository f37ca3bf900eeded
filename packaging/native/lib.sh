# What every script of this folder shares. Sourced, never run.
# shellcheck shell=bash

set -euo pipefail
umask 022

native_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo_dir=$(cd "$native_dir/../.." && pwd)
build_dir=$repo_dir/build
# Everything that is costly to make and the same for every clone lives here, outside the clone.
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/gemba
export native_dir repo_dir build_dir cache_dir

say() { printf 'gemba: %s\n' "$*" >&2; }

die() {
  printf 'gemba: error: %s\n' "$*" >&2
  exit 1
}

# The machine's architecture as Go and Debian name it.
native_arch() {
  case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64 | arm64) echo arm64 ;;
    *) die "this machine is a $(uname -m); gemba runs on x86_64 and aarch64" ;;
  esac
}

# The same as Python wheels name it.
wheel_arch() {
  case $(native_arch) in
    amd64) echo x86_64 ;;
    arm64) echo aarch64 ;;
  esac
}

# have COMMAND: is it on PATH?
have() { command -v "$1" >/dev/null 2>&1; }

# key_of TEXT...: twelve hex digits that stand for what a cached thing was made from.
key_of() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }

# recipe_lines FILE: the file without blank lines and comments.
recipe_lines() { grep -vE '^[[:space:]]*(#|$)' "$1"; }

# first: the first line of its input. It reads all of it: with pipefail a reader that stops early fails its writer.
first() { awk 'NR == 1'; }

# offered PACKAGE [PATTERN]: does the distribution, by apt's lists as they are, have the package (in such a version)?
offered() {
  local candidate
  candidate=$(LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^ *Candidate: //p')
  [ -n "$candidate" ] && [ "$candidate" != '(none)' ] && [[ $candidate =~ ${2:-.} ]]
}

# make_once TARGET FUNCTION: makes the folder TARGET by calling FUNCTION with an empty folder on the same file system
# and renaming that into place. One process at a time works on a target; whoever waited finds it made. A build that is
# killed leaves only a folder that the next one throws away, never half a target.
make_once() {
  local target=$1 make=$2
  [ -d "$target" ] && return
  mkdir -p "$(dirname "$target")"
  (
    if ! flock --nonblock 9; then
      say "waiting for another build of $(basename "$target")"
      flock 9
    fi
    [ -d "$target" ] && exit
    rm -rf "$target".tmp-*
    tmp=$(mktemp -d "$target.tmp-XXXXXX")
    trap 'rm -rf "$tmp"' EXIT
    chmod 755 "$tmp"
    # Not as a condition: inside one, bash would ignore failing commands. The lock is ours alone, not our children's:
    # a daemon that a build step leaves behind must not hold it.
    "$make" "$tmp" 9>&-
    sync "$tmp"
    mv -T "$tmp" "$target"
  ) 9>"$target.lock"
}
