# FFmpeg's source, as Debian 13 ships it: the 7.1 series with Debian's security fixes.
# shellcheck shell=bash

ffmpeg_suite=trixie

# fetch_ffmpeg_source FOLDER: downloads and unpacks it into FOLDER/tree; what was downloaded stays in FOLDER.
# Uses an apt of its own: the machine's sources, lists and trusted keys are neither used nor changed.
fetch_ffmpeg_source() {
  local folder=$1 mirror security
  {
    read -r mirror
    read -r security
  } < <(debian_mirrors "$(os_release VERSION_CODENAME)")
  [ -n "$mirror" ] || die "cannot fetch FFmpeg's source without a Debian mirror"
  say "fetching FFmpeg 7.1's source package from $mirror"
  mkdir -p "$folder/apt/lists/partial" "$folder/apt/cache/archives/partial"
  # The security archive is asked too, but a mirror may have none.
  if ! apt_update_for_source "$folder" "$mirror" "$security"; then
    apt_update_for_source "$folder" "$mirror" "" || die "cannot read Debian's package lists from $mirror; name another mirror with GEMBA_DEBIAN_MIRROR=ADDRESS"
  fi
  (cd "$folder" && own_apt "$folder" source -qq --download-only ffmpeg >&2) || die "cannot download FFmpeg's source package"
  ffmpeg_dsc=$(find "$folder" -maxdepth 1 -name 'ffmpeg_7.1*.dsc' -print -quit)
  [ -n "$ffmpeg_dsc" ] || die "Debian's FFmpeg is no longer 7.1: $(find "$folder" -maxdepth 1 -name '*.dsc' -printf '%f ')"
  say "source $(basename "$ffmpeg_dsc"), SHA-256 $(sha256sum "$ffmpeg_dsc" | cut -d' ' -f1)"
  # apt has checked the archive's signature and through it every file; dpkg-source has no key for the maintainer's own.
  dpkg-source --no-check -x "$ffmpeg_dsc" "$folder/tree" >/dev/null
}

apt_update_for_source() {
  local folder=$1 mirror=$2 security=$3
  {
    echo "deb-src [signed-by=$native_dir/debian-archive-trixie.asc] $mirror $ffmpeg_suite main"
    [ -z "$security" ] || echo "deb-src [signed-by=$native_dir/debian-archive-trixie.asc] $security $ffmpeg_suite-security main"
  } >"$folder/apt/sources.list"
  own_apt "$folder" update -qq -o APT::Update::Error-Mode=any >&2
}

own_apt() {
  local folder=$1
  shift
  apt-get -o Dir::Etc::sourcelist="$folder/apt/sources.list" -o Dir::Etc::sourceparts=- \
    -o Dir::State::lists="$folder/apt/lists" -o Dir::Cache="$folder/apt/cache" \
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3 "$@" </dev/null
}
