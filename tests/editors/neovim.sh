#!/usr/bin/env bash
# Checks the Neovim plugin: its format, luacheck, its tests in Neovim 0.11 and in the newest one (whose failure is shown
# and does not count), and a run in a terminal with the real program. Ends with a line such as `cargo test` has.
#
# Tools it fetches go to tests/.tools. ALFINE_NVIM names a Neovim to use instead, ALFINE_BIN the program.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
readonly TOOLS=$PWD/tests/.tools PLUGIN=$PWD/editors/neovim INSTALL=tests/editors/install-neovim.sh
passed=0 failed=0 skipped=0
has() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as one test.
check() {
  local name=$1
  shift
  if "$@"; then
    echo "ok: $name"
    passed=$((passed + 1))
  else
    echo "FAILED: $name"
    failed=$((failed + 1))
  fi
}

# An editor that cannot be had here says nothing about Alfine: it is told, and counted as skipped.
missing() {
  echo "skipped: $1"
  skipped=$((skipped + 1))
}

# Runs the plugin's tests in a Neovim and prints what fails.
suite() {
  local said status
  said=$("$1" --headless --clean -n -l "$PLUGIN/tests/suite.lua" 2>&1)
  status=$?
  grep -v '^ok: ' <<<"$said"
  sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed' <<<"$said" | tail -n 1)
  return $status
}

format() {
  local files
  mapfile -t files < <(find "$PLUGIN" -name '*.lua' -not -path '*/node_modules/*')
  if has stylua; then
    stylua --check --config-path "$PLUGIN/.stylua.toml" "${files[@]}"
  else
    npm ls --prefix "$PLUGIN/tests" >/dev/null 2>&1 || npm ci --prefix "$PLUGIN/tests" --silent --no-progress || return
    node "$PLUGIN/tests/format.mjs" "${files[@]}"
  fi
}

lint() {
  local root=$TOOLS/luacheck
  if has luacheck; then
    luacheck --no-color --quiet "$PLUGIN"
    return
  fi
  bash "$INSTALL" "$TOOLS" lint || return
  (cd "$PLUGIN" && LUA_PATH="$root/usr/share/lua/5.1/?.lua;$root/usr/share/lua/5.1/?/init.lua;;" \
    LUA_CPATH="$root/usr/lib/$(uname -m)-linux-gnu/lua/5.1/?.so;;" \
    "$nvim" --clean -l "$root/usr/bin/luacheck" --no-color --quiet .)
}

nvim=${ALFINE_NVIM:-$TOOLS/nvim-0.11/bin/nvim}
if [ -z "${ALFINE_NVIM:-}" ]; then
  has python3 && bash "$INSTALL" "$TOOLS" 0.11
fi
if ! "$nvim" --version >/dev/null 2>&1; then
  missing "the tests of the Neovim plugin: name a Neovim of 0.11 or later with ALFINE_NVIM"
  echo "test result: $passed passed; $failed failed; $skipped ignored"
  [ "$failed" -eq 0 ]
  exit
fi

if [ -z "${ALFINE_BIN:-}" ]; then
  cargo build --quiet --locked --workspace --bins || exit 1
  ALFINE_BIN=${CARGO_TARGET_DIR:-$PWD/target}/debug/alfine
fi
export ALFINE_BIN

if has stylua || has npm; then check "Neovim: stylua" format; else missing "stylua: install it, or node"; fi
if has luacheck || has apt-get; then check "Neovim: luacheck" lint; else missing "luacheck: install it"; fi

sum=
suite "$nvim" || [ -n "$sum" ] || failed=$((failed + 1))
if [[ $sum =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped ]]; then
  passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2])) skipped=$((skipped + BASH_REMATCH[3]))
fi

if ! has tmux; then
  missing "Neovim in a terminal: install tmux"
elif [ -x "$(dirname "$ALFINE_BIN")/fake-agent" ]; then
  check "Neovim: from a plan to a merge in a terminal" bash tests/editors/neovim-terminal.sh "$nvim"
fi

# It moves, so what fails there is news and no failure.
if has apt-get && bash "$INSTALL" "$TOOLS" new 2>/dev/null; then
  echo "-- the newest Neovim; what fails here does not count"
  suite "$TOOLS/nvim-new/bin/nvim" || echo "-- the newest Neovim differs: see above"
fi

echo "test result: $passed passed; $failed failed; $skipped ignored"
[ "$failed" -eq 0 ]
