# Sourced by scripts: installs Debian packages, and only those that are missing.
#
#   want g++ command -v g++               the package, then a command that succeeds when it is there
#   want libxsimd-dev has_package libxsimd-dev
#   install_missing                       asks nothing, does nothing when nothing is missing

missing_packages=()

has_package() {
  dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed
}

want() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing_packages+=("$package")
}

install_missing() {
  if [ ${#missing_packages[@]} -eq 0 ]; then
    return 0
  fi
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
  fi
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; }; then
    echo "cannot install what seems to be missing: ${missing_packages[*]} (Debian's names); going on" >&2
    missing_packages=()
    return 0
  fi
  echo "installing ${missing_packages[*]}" >&2
  "${as_root[@]}" apt-get update -q >&2
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing_packages[@]}" >&2
  missing_packages=()
}
