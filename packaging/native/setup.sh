#!/usr/bin/env bash
# Makes a machine able to build gemba, and with "test" to test it: what the distribution has is installed if it is
# missing, a Go toolchain is set up if there is none that fits, FFmpeg and ONNX Runtime are provided in the user's
# cache, and build/env.sh says where everything is. Run again, it finds everything there and does nothing.

# shellcheck source=packaging/native/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=packaging/native/debian-mirror.sh
. "$native_dir/debian-mirror.sh"
# shellcheck source=packaging/native/packages.sh
. "$native_dir/packages.sh"
# shellcheck source=packaging/native/wheel.sh
. "$native_dir/wheel.sh"
# shellcheck source=packaging/native/go.sh
. "$native_dir/go.sh"
# shellcheck source=packaging/native/ffmpeg-source.sh
. "$native_dir/ffmpeg-source.sh"
# shellcheck source=packaging/native/ffmpeg.sh
. "$native_dir/ffmpeg.sh"
# shellcheck source=packaging/native/onnxruntime.sh
. "$native_dir/onnxruntime.sh"
# shellcheck source=packaging/native/env.sh
. "$native_dir/env.sh"

purpose=${1:-build}
case $purpose in
  build | test) ;;
  *) die "usage: setup.sh [build|test]" ;;
esac

# missing_packages: everything that is still to be installed for the purpose, each once.
missing_packages() {
  {
    toolchain_packages
    go_packages
    onnxruntime_packages
    ffmpeg_packages
    [ "$purpose" = build ] || test_packages
  } | sort -u
}

mapfile -t packages < <(missing_packages)
if [ ${#packages[@]} -gt 0 ]; then
  refresh_apt "${packages[@]}"
  # With fresh lists the answer may be another: the distribution may have the right FFmpeg after all.
  mapfile -t packages < <(missing_packages)
  mapfile -t packages < <(installable "${packages[@]}")
  install_packages "${packages[@]}"
fi

provide_go
provide_onnxruntime
if [ "$(ffmpeg_choice)" = built ]; then
  provide_ffmpeg
fi
link_native
write_env
