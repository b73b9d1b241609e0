#!/usr/bin/env bash
# Checks the VS Code extension: its types, ESLint, its unit tests, and with the packed .vsix and the real program a suite
# inside the extension host and two runs of a user before a real VS Code. Ends with a line such as `cargo test` has.
#
# Tools it fetches go to tests/.tools, a picture of each step of a user to tests/.tools/pictures. ALFINE_BIN names the
# program. The editor is code-server of npm: some 800 MB.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
readonly ROOT=$PWD TOOLS=$PWD/tests/.tools EXTENSION=$PWD/editors/vscode
passed=0 failed=0 skipped=0
has() { command -v "$1" >/dev/null 2>&1; }

end() {
  echo "test result: $passed passed; $failed failed; $skipped ignored"
  [ "$failed" -eq 0 ]
  exit
}

# An editor that cannot be had here says nothing about Alfine: it is told, and counted as skipped.
missing() {
  echo "skipped: $1"
  skipped=$((skipped + 1))
}

# Runs a command as one test, and shows what it says where it fails.
check() {
  local name=$1 said
  shift
  if said=$("$@" 2>&1); then
    echo "ok: $name"
    passed=$((passed + 1))
  else
    printf '%s\n' "$said"
    echo "FAILED: $name"
    failed=$((failed + 1))
    return 1
  fi
}

# Runs tests that end with `N passed, M failed`, shows those that fail, and adds the sum.
suite() {
  local name=$1 said sum
  shift
  said=$("$@" 2>&1)
  sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' <<<"$said" | tail -n 1)
  if [ -z "$sum" ]; then
    printf '%s\n' "$said" | tail -n 20
    echo "FAILED: $name did not come to its end"
    failed=$((failed + 1))
    return
  fi
  grep '^not ok' <<<"$said"
  echo "$name: $sum"
  passed=$((passed + ${sum%% *}))
  sum=${sum#*, }
  failed=$((failed + ${sum%% *}))
}

unit() {
  local said
  said=$(cd "$EXTENSION" && NO_COLOR=1 npx --no-install vitest run --reporter=json 2>/dev/null)
  node -e '
    const { numPassedTests, numFailedTests, testResults } = JSON.parse(require("fs").readFileSync(0, "utf8"));
    for (const { assertionResults } of testResults)
      for (const { status, fullName, failureMessages } of assertionResults)
        if (status === "failed") console.log(`not ok ${fullName}: ${failureMessages.join("\n")}`);
    const broken = testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0);
    for (const { name, message } of broken) console.log(`not ok ${name}: ${message}`);
    console.log(`${numPassedTests} passed, ${numFailedTests + broken.length} failed`);' <<<"$said"
}

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null && has npm || {
  missing "the tests of the VS Code extension need Node 20.19 or newer with npm: install it from https://nodejs.org"
  end
}
# Fetched once, and again when other versions are wanted.
if ! cmp -s "$EXTENSION/package-lock.json" "$EXTENSION/node_modules/.lock-of-install"; then
  npm ci --prefix "$EXTENSION" --ignore-scripts --no-audit --no-fund --silent &&
    cp "$EXTENSION/package-lock.json" "$EXTENSION/node_modules/.lock-of-install" || {
    missing "the tests of the VS Code extension: npm ci failed"
    end
  }
fi

check "types" npm --prefix "$EXTENSION" run --silent types
check "ESLint" npm --prefix "$EXTENSION" run --silent lint
suite "unit tests" unit

if [ -z "${ALFINE_BIN:-}" ]; then
  cargo build --quiet --locked --workspace --bins || { failed=$((failed + 1)); end; }
  export ALFINE_BIN=${CARGO_TARGET_DIR:-$ROOT/target}/debug/alfine
fi
vsix=$(mktemp -d)/alfine.vsix
trap 'rm -rf "${vsix%/*}"' EXIT
check "the .vsix is packed" npm --prefix "$EXTENSION" run --silent package -- --server "$ALFINE_BIN" --out "$vsix" || end

if [ "$(uname -sm)" != "Linux x86_64" ]; then
  missing "the tests in VS Code: code-server is fetched for Linux on x86-64 only"
  end
fi
if ! said=$(bash "$EXTENSION/test/editor/install.sh" "$TOOLS/vscode" 2>&1); then
  printf '%s\n' "$said" | tail -n 5
  missing "the tests in VS Code: it could not be installed"
  end
fi
export EDITOR_TOOLS=$TOOLS/vscode SHOTS=$TOOLS/pictures
mkdir -p "$SHOTS"
suite "in the extension host" node "$EXTENSION/test/host/run.mjs" "$vsix"
suite "a user, from plan to merge" node "$EXTENSION/test/ui/run.mjs" "$vsix" "$SHOTS/plan-to-merge"
suite "a user whose checkout an agent changes" node "$EXTENSION/test/ui/checkout.mjs" "$vsix" "$SHOTS/checkout"
suite "a whole plan" node "$EXTENSION/test/ui/whole.mjs" "$vsix" "$SHOTS/whole"
suite "a newcomer" node "$EXTENSION/test/ui/newcomer.mjs" "$vsix" "$SHOTS/newcomer"
export ALFINE_REAL_CLAUDE=${ALFINE_REAL_CLAUDE:-$ROOT/tests/agents/node_modules/.bin/claude}
if has python3 && "$ALFINE_REAL_CLAUDE" --version >/dev/null 2>&1; then
  suite "a user of the real Claude CLI" node "$EXTENSION/test/ui/claude.mjs" "$vsix" "$SHOTS/claude"
else
  missing "a user of the real Claude CLI: it needs python3, and the CLI: npm ci --prefix tests/agents"
fi
end
