#!/usr/bin/env bash
# From a fresh clone to an answer: installs what is missing (Debian), builds the program, fetches the
# default model into the user's cache and asks it a first question.
#
#   examples/quickstart.sh                              the first question
#   examples/quickstart.sh "Write a haiku about rain."  a question of one's own (options as in `minnow run`)
#   examples/quickstart.sh cpu                          any command of the program: minnow cpu
set -euo pipefail
cd "$(dirname "$0")/.."

. examples/install_missing.sh
want g++ command -v g++
want cmake command -v cmake
want ninja-build command -v ninja
want ca-certificates has_package ca-certificates
want libxsimd-dev has_package libxsimd-dev
want nlohmann-json3-dev has_package nlohmann-json3-dev
want libcli11-dev has_package libcli11-dev
want libedit-dev has_package libedit-dev
want python3 command -v python3
want python3-pip python3 -c 'import importlib.util, sys; sys.exit(not importlib.util.find_spec("pip"))'
install_missing

if [ ! -f build/release/build.ninja ]; then
  echo "building minnow (a few minutes the first time)" >&2
  cmake --preset release -DMINNOW_BUILD_TESTS=OFF >&2
fi
# Standard output is left to the answer; ninja's counter is shown where someone watches.
if [ -t 2 ]; then
  cmake --build --preset release --target minnow_program --parallel "$(nproc)" >&2
else
  cmake --build --preset release --target minnow_program --parallel "$(nproc)" -- --quiet >&2
fi
minnow=build/release/examples/cli/minnow

case "${1:-}" in
  run|chat|tokenize|detokenize|logits|perplexity|inspect|cpu|bench|template|-h|--help|--version)
    exec "$minnow" "$@" ;;
esac

model=$(python3 examples/models/fetch.py | tail -n 1)
if [ $# -gt 0 ]; then
  exec "$minnow" run "$model" "$@"
fi
prompt="Write a C++ function that tells whether a number is prime, and explain it in one sentence."
echo "minnow run $model \"$prompt\"" >&2
exec "$minnow" run "$model" "$prompt"
