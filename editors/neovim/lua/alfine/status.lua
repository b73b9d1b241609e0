-- How a task's status reads, and what can be done about it. Pure.

local M = {}

local RUNS = { 'running', 'evaluating', 'rework', 'waiting' }
local HELD = { 'paused', 'interrupted', 'needs_input', 'stopped', 'failed' }

---@type table<alfine.TaskStatus, [string, string]> The sign and the highlight group.
local LOOKS = {
  pending = { '○', 'AlfinePending' },
  ready = { '○', 'AlfineReady' },
  running = { '●', 'AlfineRunning' },
  evaluating = { '●', 'AlfineRunning' },
  rework = { '●', 'AlfineRunning' },
  waiting = { '●', 'AlfineWaiting' },
  paused = { '‖', 'AlfineWaiting' },
  interrupted = { '!', 'AlfineNeedsYou' },
  needs_input = { '?', 'AlfineNeedsYou' },
  stopped = { '■', 'AlfineNeedsYou' },
  failed = { '✗', 'AlfineFailed' },
  skipped = { '–', 'AlfinePending' },
  done = { '✓', 'AlfineDone' },
  merged = { '✓', 'AlfinePending' },
  discarded = { '–', 'AlfinePending' },
}

---@type table<string, alfine.TaskStatus[]> For which status a command is offered. The server has the last word.
local OFFERED = {
  start = { 'pending', 'ready', 'skipped', 'discarded' },
  pause = RUNS,
  stop = vim.list_extend(vim.deepcopy(RUNS), { 'paused', 'interrupted', 'needs_input' }),
  continue = HELD,
  steer = vim.list_extend(vim.deepcopy(RUNS), HELD),
  answer = { 'needs_input' },
  merge = { 'done' },
  discard = vim.list_extend({ 'done' }, HELD),
}

---The highlight groups, and what they look like unless the color scheme says otherwise.
M.groups = {
  AlfinePending = 'Comment',
  -- Normal has a background, and would cover that of the cursor's line.
  AlfineReady = 'Delimiter',
  AlfineRunning = 'DiagnosticInfo',
  AlfineWaiting = 'DiagnosticHint',
  AlfineNeedsYou = 'DiagnosticWarn',
  AlfineFailed = 'DiagnosticError',
  AlfineDone = 'DiagnosticOk',
  AlfinePlan = 'Title',
  AlfineDetail = 'Comment',
}

---@param name alfine.TaskStatus
---@return string sign
---@return string group
function M.look(name)
  local look = LOOKS[name] or { '·', 'AlfinePending' }
  return look[1], look[2]
end

---@param name alfine.TaskStatus
---@return boolean
function M.runs(name)
  return vim.list_contains(RUNS, name)
end

---@param name alfine.TaskStatus
---@return boolean
function M.needs_user(name)
  return vim.list_contains(HELD, name) and name ~= 'paused'
end

---Whether a command is offered for a task.
---@param command string
---@param view alfine.TaskView
---@return boolean
function M.offers(command, view)
  if OFFERED[command] then
    return vim.list_contains(OFFERED[command], view.status)
  end
  if command == 'rewind' or command == 'fork' or command == 'diff' or command == 'transcript' then
    return view.iteration > 0
  end
  if command == 'worktree' then
    return view.worktree ~= nil
  end
  return true
end

---@param amount number
---@return string
function M.dollars(amount)
  return ('$%.2f'):format(amount)
end

---@param seconds number
---@return string
local function span(seconds)
  local whole = math.floor(seconds)
  local hours, minutes = math.floor(whole / 3600), math.floor(whole % 3600 / 60)
  if hours > 0 then
    return minutes > 0 and ('%dh %dm'):format(hours, minutes) or ('%dh'):format(hours)
  end
  return minutes > 0 and ('%dm'):format(minutes) or ('%ds'):format(whole)
end

---@type table<string, fun(amount: number): string> How a rule counts, where not in whole things.
local UNITS = { cost = M.dollars, ['wall-time'] = span, stall = span, startup = span }

---A counter of the breaker in words; none where there is nothing to tell.
---@param line alfine.BreakerLine
---@return string?
function M.counter(line)
  local unit = UNITS[line.rule] or function(amount)
    return ('%d'):format(amount)
  end
  local count = unit(line.count)
  if line.rule == 'iterations' or count == unit(0) then
    return nil
  end
  local limit = line.limit and ' of ' .. unit(line.limit) or ''
  local evidence = line.evidence ~= '' and ': ' .. line.evidence or ''
  return ('%s %s%s%s'):format(line.rule, count, limit, evidence)
end

---The status in words.
---@param view alfine.TaskView
---@return string
function M.words(view)
  return (view.status:gsub('_', ' '))
end

---What is to be known of a task, in one line.
---@param view alfine.TaskView
---@return string
function M.summary(view)
  local parts = { M.words(view) }
  if view.iteration > 0 then
    local limit = view.maxIterations > 0 and (' of %d'):format(view.maxIterations) or ''
    table.insert(parts, ('iteration %d%s'):format(view.iteration, limit))
  end
  if view.filesChanged > 0 then
    table.insert(parts, ('%d file%s'):format(view.filesChanged, view.filesChanged == 1 and '' or 's'))
  end
  if view.costUsd then
    table.insert(parts, M.dollars(view.costUsd))
  end
  if view.waitingUntil and view.status == 'waiting' then
    table.insert(parts, 'until ' .. os.date('%H:%M', math.floor(view.waitingUntil / 1000)))
  end
  return table.concat(parts, ' · ')
end

---What to tell the user when a task comes to its status; none where it needs nobody, or where the server asks itself.
---@param view alfine.TaskView
---@return string? message
---@return string? command What to do.
function M.call(view)
  local next_step = ({
    stopped = ':Alfine continue',
    failed = ':Alfine continue',
    interrupted = ':Alfine continue',
    done = ':Alfine diff, then :Alfine merge',
  })[view.status]
  if not next_step or view.reason == 'stopped by the user' then
    return nil
  end
  local reason = view.reason and view.reason ~= '' and (': ' .. vim.split(view.reason, '\n')[1]) or ''
  return ('%s %s%s'):format(view.task, view.status == 'done' and 'is done' or M.words(view), reason), next_step
end

return M
