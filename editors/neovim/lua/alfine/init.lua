-- What users' own configuration may call.

local M = {}

local status_text ---@type string? What `statusline` said since tasks last changed.
local listens = false

---The tasks of all servers.
---@return alfine.TaskView[]
function M.tasks()
  return vim
    .iter(require('alfine.tasks').all())
    :map(function(task)
      return task.view
    end)
    :totable()
end

---@return string
local function count()
  local status = require('alfine.status')
  local running, needing, cost = 0, 0, nil
  for _, task in ipairs(require('alfine.tasks').all()) do
    local runs, needs = status.runs(task.view.status), task.view.needsYou
    running = running + (runs and 1 or 0)
    needing = needing + (needs and 1 or 0)
    if (runs or needs) and task.view.costUsd then
      cost = (cost or 0) + task.view.costUsd
    end
  end
  local parts = {}
  if running > 0 then
    table.insert(parts, ('%d running'):format(running))
  end
  if needing > 0 then
    table.insert(parts, ('%d need%s you'):format(needing, needing == 1 and 's' or ''))
  end
  if #parts == 0 then
    return ''
  end
  if cost then
    table.insert(parts, status.dollars(cost))
  end
  return 'Alfine: ' .. table.concat(parts, ' · ')
end

---For a statusline: how many loops run, what they cost so far, and how many need the user. Empty if there are no loops.
---@return string
function M.statusline()
  if not listens then
    listens = true
    vim.api.nvim_create_autocmd('User', {
      pattern = 'AlfineTasksChanged',
      group = vim.api.nvim_create_augroup('alfine.statusline', {}),
      callback = function()
        status_text = nil
        vim.cmd.redrawstatus({ bang = true })
      end,
    })
  end
  status_text = status_text or count()
  return status_text
end

---Runs a subcommand, as `:Alfine` does: `require('alfine').run('pause', 'PLAN.md#US-001')`.
---@param ... string
function M.run(...)
  vim.cmd.Alfine({ args = vim.iter({ ... }):map(tostring):totable() })
end

return M
