#!/usr/bin/env bash
# Installs what is missing (Debian), then builds and runs every test in the release preset, under the
# address and undefined-behaviour sanitizers, and those with threads under the thread sanitizer.
# Fetches the real models that tests/real holds against their references (745 MB, once);
# MINNOW_WITHOUT_MODELS=1 leaves those tests out.
set -euo pipefail
cd "$(dirname "$0")/.."

. examples/install_missing.sh
want g++ command -v g++
want clang-14 command -v clang++-14
want cmake command -v cmake
want ninja-build command -v ninja
want binutils command -v readelf
want xz-utils command -v xz
want doxygen command -v doxygen
want strace command -v strace
want pkg-config command -v pkg-config
want dpkg-dev command -v dpkg-shlibdeps
want python3 command -v python3
for package in libxsimd-dev nlohmann-json3-dev libcli11-dev libedit-dev libgtest-dev libeigen3-dev \
               libbenchmark-dev libutf8proc-dev libclang-rt-14-dev; do
  want "$package" has_package "$package"
done
install_missing

n_jobs=$(nproc)
if [ -z "${MINNOW_WITHOUT_MODELS:-}" ]; then
  for model in gemma-3-270m qwen2.5-coder-0.5b; do
    python3 examples/models/fetch.py "$model"
  done
fi

build_and_test() {  # PRESET TARGET [OPTION OF CTEST...]
  local preset=$1 target=$2
  shift 2
  echo "== $preset: build"
  cmake --preset "$preset" -DMINNOW_BUILD_TESTS=ON
  cmake --build "build/$preset" --parallel "$n_jobs" --target "$target"
  echo "== $preset: test $*"
  ctest --test-dir "build/$preset" --output-on-failure --no-tests=error --parallel "$n_jobs" "$@"
}

build_and_test release all ${MINNOW_WITHOUT_MODELS:+-LE real}
build_and_test asan all -LE real
build_and_test tsan tests_of_threads -L threads
