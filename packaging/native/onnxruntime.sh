# ONNX Runtime's C library, out of the wheel that its makers publish.
# shellcheck shell=bash

onnxruntime_requirements=$native_dir/onnxruntime.requirements

onnxruntime_version() { recipe_lines "$onnxruntime_requirements" | sed -nE 's/^onnxruntime==([0-9.]+).*/\1/p'; }

onnxruntime_prefix() {
  echo "$cache_dir/native/onnxruntime-$(onnxruntime_version)-$(key_of "$(recipe_lines "$onnxruntime_requirements")" "$(native_arch)" layout-1)"
}

onnxruntime_packages() {
  [ -d "$(onnxruntime_prefix)" ] || find_pip >/dev/null || echo python3-pip
}

provide_onnxruntime() {
  make_once "$(onnxruntime_prefix)" unpack_onnxruntime
}

# unpack_onnxruntime FOLDER: lib/libonnxruntime.so and the licences, without the Python around them.
unpack_onnxruntime() {
  local folder=$1 wheel version
  version=$(onnxruntime_version)
  wheel=$folder/wheel
  fetch_wheel "$onnxruntime_requirements" "$wheel"
  mkdir -p "$folder/lib"
  mv "$wheel/onnxruntime/capi/libonnxruntime.so.$version" "$folder/lib/"
  # Looked for beside the library by its loader.
  mv "$wheel/onnxruntime/capi/libonnxruntime_providers_shared.so" "$folder/lib/"
  chmod 755 "$folder"/lib/*.so*
  ln -s "libonnxruntime.so.$version" "$folder/lib/libonnxruntime.so.1"
  ln -s "libonnxruntime.so.$version" "$folder/lib/libonnxruntime.so"
  mv "$wheel/onnxruntime/LICENSE" "$wheel/onnxruntime/ThirdPartyNotices.txt" "$wheel/WHEEL.sha256" "$folder/"
  rm -rf "$wheel"
}
