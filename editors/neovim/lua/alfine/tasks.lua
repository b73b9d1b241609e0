-- What is known of the tasks, of all servers. Says so by the event `User AlfineTasksChanged` whenever it changed.

local options = require('alfine.options')
local say = require('alfine.say')
local status = require('alfine.status')

local M = {}

---@type table<integer, table<string, alfine.TaskView>> By client and key.
local known = {}

---@param a alfine.TaskView
---@param b alfine.TaskView
local function before(a, b)
  if a.plan ~= b.plan then
    return a.plan < b.plan
  end
  local line_a = a.range and a.range.start.line or math.huge
  local line_b = b.range and b.range.start.line or math.huge
  if line_a ~= line_b then
    return line_a < line_b
  end
  return a.task < b.task
end

---All tasks, by server, plan and place.
---@return alfine.Task[]
function M.all()
  local all = {}
  for client_id, views in vim.spairs(known) do
    local client = vim.lsp.get_client_by_id(client_id)
    local sorted = client and not client:is_stopped() and vim.tbl_values(views) or {}
    table.sort(sorted, before)
    for _, view in ipairs(sorted) do
      table.insert(all, { client = client, view = view })
    end
  end
  return all
end

---The newest of a task.
---@param client_id integer
---@param key string
---@return alfine.TaskView?
function M.get(client_id, key)
  return (known[client_id] or {})[key]
end

local function announce()
  vim.api.nvim_exec_autocmds('User', { pattern = 'AlfineTasksChanged', modeline = false })
end

---@param old? alfine.TaskView
---@param new alfine.TaskView
local function tell(old, new)
  if not old or old.status == new.status or not options.get('notify') then
    return
  end
  local message, command = status.call(new)
  if message and command then
    say.aside(new.status == 'done' and vim.log.levels.INFO or vim.log.levels.WARN, message, command)
  end
end

---Takes news from a server.
---@param client_id integer
---@param news alfine.TasksChanged
function M.changed(client_id, news)
  local views = known[client_id] or {}
  known[client_id] = views
  for _, key in ipairs(news.removed or {}) do
    views[key] = nil
  end
  for _, view in ipairs(news.tasks or {}) do
    tell(views[view.task], view)
    views[view.task] = view
  end
  announce()
  require('alfine.lenses').refresh(client_id)
end

---Asks a server for all its tasks.
---@param client vim.lsp.Client
---@param on_end? fun(answered: boolean)
function M.fetch(client, on_end)
  on_end = on_end or function() end
  require('alfine.server').ask(client, 'alfine/tasks', vim.empty_dict(), function(answer)
    local views = {}
    for _, view in ipairs(answer.tasks) do
      tell(M.get(client.id, view.task), view)
      views[view.task] = view
    end
    known[client.id] = views
    announce()
    on_end(true)
  end, function(answered)
    if not answered then
      on_end(false)
    end
  end)
end

---Forgets what a server said.
---@param client_id integer
function M.forget(client_id)
  if known[client_id] then
    known[client_id] = nil
    announce()
  end
end

return M
