# FFmpeg 7.1: the distribution's where it fits, else built from source into the cache.
# shellcheck shell=bash

# The libraries that the Go binding links, and the series it is written for: libavcodec 61 is FFmpeg 7.1.
ffmpeg_modules=(libavcodec libavdevice libavfilter libavformat libswresample libswscale libavutil)
ffmpeg_requirement='libavcodec >= 61.19 libavcodec < 62'

ffmpeg_configure() { recipe_lines "$native_dir/ffmpeg.recipe"; }

# Where a build belongs. The C library is part of the key, since a home folder may be shared by unlike machines.
ffmpeg_prefix() {
  echo "$cache_dir/native/ffmpeg-7.1-$(key_of "$(ffmpeg_configure)" "$(native_arch)" "$(getconf GNU_LIBC_VERSION)" layout-1)"
}

# Does the machine have development files of the right series? A shell that has sourced build/env.sh names our own build
# in PKG_CONFIG_PATH, which must not be taken for the machine's.
ffmpeg_installed() {
  # shellcheck disable=SC2086
  have pkg-config && env -u PKG_CONFIG_PATH pkg-config --exists $ffmpeg_requirement "${ffmpeg_modules[@]}" 2>/dev/null
}

# Does the distribution offer them? Asks apt's lists as they are.
ffmpeg_offered() { offered libavcodec-dev '^([0-9]+:)?7\.1\.'; }

# ffmpeg_choice: "built" or "installed". GEMBA_FFMPEG=build insists on our own.
ffmpeg_choice() {
  if [ "${GEMBA_FFMPEG:-}" != build ] && ffmpeg_installed; then
    echo installed
  else
    echo built
  fi
}

# The packages that a build needs, or the distribution's own development packages; nothing where nothing is left to do.
ffmpeg_packages() {
  if [ -d "$(ffmpeg_prefix)" ]; then
    return
  elif [ "${GEMBA_FFMPEG:-}" != build ] && ffmpeg_installed; then
    return
  elif [ "${GEMBA_FFMPEG:-}" != build ] && ffmpeg_offered; then
    printf '%s-dev\n' "${ffmpeg_modules[@]}"
  else
    have dpkg-source || echo dpkg-dev
    have xz || echo xz-utils
    [ "$(native_arch)" != amd64 ] || have nasm || echo nasm
  fi
}

provide_ffmpeg() {
  make_once "$(ffmpeg_prefix)" build_ffmpeg
}

# build_ffmpeg FOLDER: builds for the prefix that FOLDER will be renamed to.
build_ffmpeg() {
  local folder=$1 prefix work
  prefix=$(ffmpeg_prefix)
  work=$folder/work
  mkdir -p "$work/build"
  fetch_ffmpeg_source "$work"
  local arguments
  mapfile -t arguments < <(ffmpeg_configure)
  say "building FFmpeg 7.1: about five minutes of two cores, once for this machine (log: $folder/build.log)"
  (
    cd "$work/build" &&
      ../tree/configure --prefix="$prefix" "${arguments[@]}" &&
      make -j"$(nproc)" &&
      make install DESTDIR="$work/installed"
  ) >"$folder/build.log" 2>&1 </dev/null || {
    tail -n 30 "$folder/build.log" >&2
    die "FFmpeg did not build"
  }
  mv "$work/installed$prefix"/* "$folder/"
  rm -rf "$folder/share"
  [[ $(readelf -d "$folder/lib/libavformat.so") == *"[\$ORIGIN]"* ]] || die "FFmpeg's libraries would not find one another: no RUNPATH"
  keep_ffmpeg_terms "$work" "$folder"
  rm -rf "$work" "$folder/build.log"
}

# What the LGPL asks to go along with the libraries: licence, how they were built, and the very source.
keep_ffmpeg_terms() {
  local work=$1 folder=$2
  mkdir -p "$folder/source"
  cp "$work/tree/COPYING.LGPLv2.1" "$work/tree/LICENSE.md" "$folder/"
  ffmpeg_configure >"$folder/source/configure.txt"
  find "$work" -maxdepth 1 -name 'ffmpeg_*' -exec cp {} "$folder/source/" \;
  (cd "$folder/source" && sha256sum ffmpeg_*) >"$folder/source/SHA256SUMS"
}
