-- How a task is drawn, and which changes are reported. Pure; the server says what can be done with a task.

local M = {}

local RUNS = { 'running', 'evaluating', 'rework', 'waiting' }

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

---@type table<string, string> The server's commands that have another name here.
local COMMANDS = { diff = 'showDiff', transcript = 'showTranscript', worktree = 'openWorktree' }

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

---What the server offers to do with a task by a command.
---@param command string
---@param view alfine.TaskView
---@return alfine.Offer[]
function M.offered(command, view)
  local name = 'alfine.' .. (COMMANDS[command] or command)
  return vim
    .iter(view.offers)
    :filter(function(offer)
      return offer.command == name and not offer.refused
    end)
    :totable()
end

---Whether a command is offered for a task.
---@param command string
---@param view alfine.TaskView
---@return boolean
function M.offers(command, view)
  -- What happened is read from the program, which the server knows nothing of.
  return command == 'log' or #M.offered(command, view) > 0
end

---Whether the work that a task asks about may be merged with the same answer.
---@param view alfine.TaskView
---@return boolean
function M.may_merge(view)
  return vim.iter(M.offered('answer', view)):any(function(offer)
    return (offer.argument or {}).merge == true
  end)
end

---@param amount number
---@return string
function M.dollars(amount)
  return ('$%.2f'):format(amount)
end

---The status in words.
---@param view alfine.TaskView
---@return string
function M.words(view)
  return (view.status:gsub('_', ' '))
end

---What to tell the user when a task reaches its status; nil if the task needs nobody, or if the server asks by itself.
---@param view alfine.TaskView
---@return string? message
---@return string? command What to do.
function M.call(view)
  -- What a loop asks, the server asks.
  -- So does it tell why finished work did not land.
  if
    view.status == 'needs_input'
    or (view.cause or {}).kind == 'not_landed'
    or not (view.needsYou or view.status == 'done')
  then
    return nil
  end
  local next_step = view.status == 'done' and ':Alfine diff, then :Alfine merge' or ':Alfine continue'
  local reason = view.reason and view.reason ~= '' and (': ' .. vim.split(view.reason, '\n')[1]) or ''
  return ('%s %s%s'):format(view.task, view.status == 'done' and 'is done' or M.words(view), reason), next_step
end

return M
