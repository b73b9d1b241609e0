-- Has the server do what the user asked for, and shows the result.

local say = require('alfine.say')
local server = require('alfine.server')
local status = require('alfine.status')

local M = {}

---What is shown if the loop still works after it took a command.
local TAKEN = {
  pause = '%s pauses when its iteration is over',
  steer = '%s has the note',
  stop = '%s stops',
  merge = '%s lands once its checks hold on the branch as it is now',
  rework = '%s is worked on again',
}

---Shows the new status of tasks. The server itself reports conflicts, and what was thrown away.
---@param name string The command.
---@param answer? { task?: string, status?: alfine.TaskStatus, tasks?: table[], conflicts?: string[] }
local function tell(name, answer)
  if type(answer) ~= 'table' then
    return
  end
  for _, task in ipairs(answer.tasks or {}) do
    tell(name, task)
  end
  if not answer.status or answer.status == 'discarded' or answer.conflicts then
    return
  end
  if TAKEN[name] and status.runs(answer.status) then
    say.info(TAKEN[name]:format(answer.task))
  else
    say.info(('%s: %s'):format(answer.task, (answer.status:gsub('_', ' '))))
  end
end

---Has the server do something, and shows the result.
---@param client vim.lsp.Client
---@param name string Without `alfine.`.
---@param argument table
function M.to_server(client, name, argument)
  server.command(client, name, argument, function(answer)
    if name == 'merge' then
      vim.cmd.checktime()
    end
    tell(name, answer)
  end)
end

---@param task alfine.Task
---@param name string
---@param more? table
function M.for_task(task, name, more)
  M.to_server(task.client, name, vim.tbl_extend('error', { task = task.view.task, uri = task.view.uri }, more or {}))
end

return M
