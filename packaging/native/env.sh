# Writes build/env.sh: what plain go build and go test need to find the native parts.
# shellcheck shell=bash

# put TARGET TEXT: writes a file only if it changes, and never half, so that make sees what is new.
put() {
  local target=$1 text=$2
  [ -f "$target" ] && [ "$(cat "$target")" = "$text" ] && return
  printf '%s\n' "$text" >"$target.tmp"
  mv "$target.tmp" "$target"
}

# link TARGET NAME: a symbolic link that is right afterwards, replaced in one step.
link() {
  local target=$1 name=$2
  [ "$(readlink "$name" 2>/dev/null)" = "$target" ] && return
  ln -sfn "$target" "$name.tmp"
  mv -T "$name.tmp" "$name"
}

# link_native: build/native/<arch>/{ffmpeg,onnxruntime} lead into the cache; build/native/<arch>/lib holds a link to
# every library, and build/lib is that folder: beside build/bin as lib is beside bin in an installed package.
link_native() {
  local arch folder library name
  arch=$(native_arch)
  folder=$build_dir/native/$arch
  mkdir -p "$folder/lib" "$build_dir/bin"
  link "$(onnxruntime_prefix)" "$folder/onnxruntime"
  if [ "$(ffmpeg_choice)" = built ]; then
    link "$(ffmpeg_prefix)" "$folder/ffmpeg"
  else
    rm -f "$folder/ffmpeg"
  fi
  find "$folder/lib" -xtype l -delete
  for library in "$folder"/ffmpeg/lib/*.so* "$folder"/onnxruntime/lib/*.so*; do
    [ -e "$library" ] || continue
    name=${library#"$folder"/}
    link "../$name" "$folder/lib/$(basename "$library")"
  done
  link "native/$arch/lib" "$build_dir/lib"
}

# The file is sourced by people's shells too, so it is plain POSIX and says absolute places.
env_text() {
  local folder
  folder=$build_dir/native/$(native_arch)
  cat <<TEXT
# Made by make; do not edit. For plain go commands in this clone:  . build/env.sh
# shellcheck shell=sh disable=SC2016
export PATH="$(go_bin):\$PATH"
export GOTOOLCHAIN=local GOWORK=off
export GOFLAGS="-buildvcs=false \${GEMBA_GOFLAGS:-}"
unset GOROOT
export CGO_ENABLED="\${CGO_ENABLED:-1}"
TEXT
  if [ -e "$folder/ffmpeg" ]; then
    # Test binaries run from a temporary folder and find the libraries in the cache. No LD_LIBRARY_PATH: a browser or an
    # ffmpeg that a test starts must not get ours.
    echo "export PKG_CONFIG_PATH='$(ffmpeg_prefix)/lib/pkgconfig'"
    echo "export CGO_LDFLAGS='-Wl,--enable-new-dtags -Wl,-rpath,\$ORIGIN/../lib -Wl,-rpath,$(ffmpeg_prefix)/lib'"
  else
    echo "export CGO_LDFLAGS='-Wl,--enable-new-dtags -Wl,-rpath,\$ORIGIN/../lib'"
  fi
  cat <<TEXT
export GEMBA_ORT="$folder/onnxruntime/lib/libonnxruntime.so"
TEXT
}

write_env() { put "$build_dir/env.sh" "$(env_text)"; }
