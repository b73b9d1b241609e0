#!/usr/bin/env bash
# Goes from a plan to a merge in a real terminal with the real program: keys in, screens out.
#
#   neovim-terminal.sh NVIM [PICTURES]
#
# ALFINE_BIN names the program; `fake-agent` lies beside it. With a folder PICTURES each step's screen is kept there, to
# be drawn with draw-terminal.py.
set -euo pipefail
nvim=$1 pictures=${2:-}
plugin=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../editors/neovim" && pwd)
program=$(realpath "${ALFINE_BIN:?the program alfine}")
sandbox=$(mktemp -d) socket=alfine-$$
readonly nvim plugin program sandbox socket

# Ends what was started here, and nothing else: the terminal, and what has the sandbox in its environment.
ours() {
  local environ pid
  for environ in /proc/[0-9]*/environ; do
    pid=${environ#/proc/}
    pid=${pid%/environ}
    [ "$pid" != $$ ] && grep -qzF "ALFINE_TERMINAL_TEST=$sandbox" "$environ" 2>/dev/null || continue
    [ "$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | cut -c1)" = Z ] || echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline")"
  done
}
finish() {
  tmux -L "$socket" kill-server 2>/dev/null || true
  ours | while read -r pid _; do kill -9 "$pid" 2>/dev/null || true; done
  rm -rf "$sandbox"
}
trap finish EXIT

mkdir -p "$sandbox"/{home,repo,config/alfine,state,data,cache}
cat >"$sandbox/repo/PLAN.md" <<'PLAN'
# Greeting

A script that greets whoever is named.

### T1: Greet by name

`greet.sh NAME` prints `Hello, NAME!`.

Acceptance criteria:
- [ ] It greets by name: `test "$(sh greet.sh Ada)" = "Hello, Ada!"`

### T2: Greet the world

Depends on: T1
Without a name it greets the world.

Acceptance criteria:
- [ ] It greets the world
PLAN
cat >"$sandbox/scenario.json" <<JSON
{"runs": [
  [{"text": "I look around first."}, {"shell": "ls"}, {"touch": "$sandbox/started"}, {"wait_for": "$sandbox/go"},
   {"gate": {"ready": false, "reason": "I do not know the greeting"}}, {"result": {"input": 900, "output": 80, "cost": 0.03}}],
  [{"text": "Now I write it."}, {"write": {"path": "greet.sh", "content": "echo \"Hello, \$1!\"\n"}},
   {"gate": {"ready": true}}, {"result": {"input": 1200, "output": 160, "cost": 0.05}}]
]}
JSON
cat >"$sandbox/config/alfine/config.toml" <<TOML
[limits]
no_change = 1
[proof]
unproven = "take"
[agents.claude]
command = "$(dirname "$program")/fake-agent"
[agents.claude.env]
FAKE_AGENT_SCENARIO = "$sandbox/scenario.json"
FAKE_AGENT_LOG = "$sandbox/agent.log"
TOML
cat >"$sandbox/init.lua" <<LUA
vim.opt.runtimepath:prepend('$plugin')
vim.o.swapfile = false
vim.opt.shortmess:append('I')
vim.o.laststatus = 2
vim.o.hlsearch = false
vim.o.statusline = "%<%f %m%=%{v:lua.require'alfine'.statusline()}  %l,%c"
vim.diagnostic.config({ virtual_text = true, severity_sort = true })
vim.g.alfine = { server = '$program' }
vim.lsp.enable('alfine')
LUA
cat >"$sandbox/gitconfig" <<'GIT'
[user]
	name = Tester
	email = tester@localhost
[init]
	defaultBranch = main
GIT

export ALFINE_TERMINAL_TEST=$sandbox HOME=$sandbox/home XDG_CONFIG_HOME=$sandbox/config XDG_STATE_HOME=$sandbox/state \
  XDG_DATA_HOME=$sandbox/data XDG_CACHE_HOME=$sandbox/cache GIT_CONFIG_GLOBAL=$sandbox/gitconfig \
  GIT_CONFIG_NOSYSTEM=1 LANG=C.UTF-8 TERM=tmux-256color COLORTERM=truecolor
cd "$sandbox/repo"
git init -q
git add -A
git commit -qm first

screen() { tmux -L "$socket" capture-pane -p -t editor; }
keys() { tmux -L "$socket" send-keys -t editor "$@"; }
step=0
picture() {
  step=$((step + 1))
  [ -n "$pictures" ] || return 0
  mkdir -p "$pictures"
  tmux -L "$socket" capture-pane -e -p -t editor >"$pictures/$(printf '%02d' "$step")-$1.ansi"
}
# Waits until the screen has a text.
sees() {
  local tries
  for ((tries = 0; tries < 300; tries++)); do
    case $(screen) in *"$1"*) return ;; esac
    sleep 0.1
  done
  echo "never seen: $1"
  screen
  exit 1
}
opens() {
  tmux -L "$socket" -f /dev/null new-session -d -s editor -x 130 -y 32 "'$nvim' -n -u '$sandbox/init.lua' PLAN.md"
}
# Leaves, and waits until no editor and no server is left.
leaves() {
  local tries left
  keys Escape ':qall!' Enter
  for ((tries = 0; tries < 100; tries++)); do
    left=$(ours)
    case $left in *"$nvim"* | *'alfine lsp'*) ;; *) return ;; esac
    sleep 0.1
  done
  echo "still there after leaving: $left"
  exit 1
}

opens
sees 'Start loop'
picture plan
keys '/### T1' Enter
keys ':Alfine lens' Enter
sees 'Allow'
picture allow
keys 1 Enter
sees 'iteration 1 of 10'
[ -e "$sandbox/started" ] || sees 'running'
picture running
keys ':Alfine' Enter
sees 'g? keys'
keys '/T1' Enter Tab
sees 'agent claude on branch alfine/PLAN/T1'
keys o
sees 'I look around first.'
picture transcript

# The loop outlives the editor, and a new one shows it.
leaves
case $(ours) in *fake-agent*) ;; *) echo "the agent did not outlive the editor"; exit 1 ;; esac
opens
sees 'iteration 1 of 10'

touch "$sandbox/go"
sees 'stopped'
sees 'The loop stopped because'
picture breaker
keys '/### T1' Enter
keys gra
sees 'Code actions'
picture actions
keys Enter
keys ':Alfine continue' Enter
sees 'Reset the breaker'
picture continue
keys 4 Enter
sees 'done, proven · 1 file'
picture done
keys ':Alfine diff' Enter
sees '+echo "Hello, $1!"'
picture diff
keys ':bdelete' Enter
keys ':edit PLAN.md' Enter
keys '/### T1' Enter
keys ':Alfine merge' Enter
sees 'merged'
sees '[x] It greets by name'
picture merged
[ "$(cat greet.sh)" = 'echo "Hello, $1!"' ] || { echo "greet.sh is not merged"; exit 1; }
leaves
left=$(ours)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
