-- What is known of the tasks, of all servers. Says so by the event `User AlfineTasksChanged` whenever it changed.

local lenses = require('alfine.lenses')
local options = require('alfine.options')
local say = require('alfine.say')
local server = require('alfine.server')
local status = require('alfine.status')

local M = {}

---By client, and by key and plan: two folders may have the same key.
---@type table<integer, table<string, alfine.TaskView>>
local known = {}

---@param key string
---@param uri? string
---@return string
local function place(key, uri)
  return key .. ' ' .. (uri or '')
end

---Whether two URIs name one file: they may be escaped differently.
---@param a string
---@param b string
---@return boolean
function M.is_same_file(a, b)
  local is_name_a, name_a = pcall(vim.uri_to_fname, a)
  local is_name_b, name_b = pcall(vim.uri_to_fname, b)
  return a == b or is_name_a and is_name_b and name_a == name_b
end

---The task of a key: of several that of the plan, else one that left its plan.
---@param views table<string, alfine.TaskView>
---@param key string
---@param uri? string
---@return alfine.TaskView?
local function find(views, key, uri)
  local left ---@type alfine.TaskView?
  for _, view in vim.spairs(views) do
    if view.task == key then
      if not uri or view.uri and M.is_same_file(view.uri, uri) then
        return view
      end
      left = left or not view.uri and view or nil
    end
  end
  return left
end

---@param a alfine.TaskView
---@param b alfine.TaskView
local function before(a, b)
  if a.plan ~= b.plan then
    return a.plan < b.plan
  end
  if a.uri ~= b.uri then
    return (a.uri or '') < (b.uri or '')
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
---@param uri? string Its plan.
---@return alfine.TaskView?
function M.get(client_id, key, uri)
  return find(known[client_id] or {}, key, uri)
end

---A task by its server and key.
---@param of alfine.Of
---@return alfine.Task?
function M.known(of)
  local client = vim.lsp.get_client_by_id(of.client)
  local view = client and M.get(client.id, of.task, of.uri)
  return view and { client = client, view = view }
end

local told_old = false

---Takes a view as a server of this version says it. One that is older does not say what can be done with a task.
---@param view alfine.TaskView
---@return alfine.TaskView
local function whole(view)
  if view.offers then
    return view
  end
  if not told_old then
    told_old = true
    say.aside(
      vim.log.levels.WARN,
      'the program is older than the plugin, and does not say what can be done with a task',
      'update it: cargo install --path server/alfine'
    )
  end
  return vim.tbl_extend('keep', view, {
    summary = status.words(view),
    needsYou = view.status == 'needs_input',
    counters = {},
    offers = {},
  })
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
  local was = {} ---@type table<string, alfine.TaskView>
  for _, gone in ipairs(news.removedTasks or {}) do
    local at = place(gone.task, gone.uri)
    was[gone.task] = views[at]
    views[at] = nil
  end
  for _, told in ipairs(news.tasks or {}) do
    local view = whole(told)
    local at = place(view.task, view.uri)
    -- One that leaves its plan, or comes back, is the same one.
    tell(views[at] or was[view.task], view)
    views[at] = view
  end
  announce()
  lenses.refresh(client_id)
end

---Asks a server for all its tasks.
---@param client vim.lsp.Client
---@param on_end? fun(answered: boolean)
function M.fetch(client, on_end)
  on_end = on_end or function() end
  server.ask(client, 'alfine/tasks', vim.empty_dict(), function(answer)
    local views = {}
    for _, told in ipairs(answer.tasks) do
      local view = whole(told)
      tell(M.get(client.id, view.task, view.uri), view)
      views[place(view.task, view.uri)] = view
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
