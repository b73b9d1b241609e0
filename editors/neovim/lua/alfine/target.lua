-- Which task or plan a command is about: the named one, or else the one at the cursor, or else one that the user picks.

local ask = require('alfine.ask')
local say = require('alfine.say')
local server = require('alfine.server')
local status = require('alfine.status')
local tasks = require('alfine.tasks')

local M = {}

---How long a command waits for what the servers know, in milliseconds.
local PATIENCE = 5000

---@param path string
---@return string
local function real(path)
  return vim.uv.fs_realpath(path) or path
end

---@param uri string
---@return string?
local function path_of(uri)
  return vim.startswith(uri, 'file:') and real(vim.uri_to_fname(uri)) or nil
end

---The last task that begins at or before a line of its plan.
---@param path string
---@param row integer From 0.
---@return alfine.Task?
local function in_plan(path, row)
  local found
  for _, task in ipairs(tasks.all()) do
    local view = task.view
    if view.uri and view.range and view.range.start.line <= row and path_of(view.uri) == path then
      if not found or view.range.start.line >= found.view.range.start.line then
        found = task
      end
    end
  end
  return found
end

---The task whose worktree a file lies in.
---@param path string
---@return alfine.Task?
local function in_worktree(path)
  for _, task in ipairs(tasks.all()) do
    if task.view.worktree and vim.fs.relpath(real(task.view.worktree), path) then
      return task
    end
  end
end

---The task that a diagnostic on a line is about.
---@param buffer integer
---@param row integer From 0.
---@return alfine.Task?
local function in_diagnostics(buffer, row)
  local client = server.of_buffer(buffer)
  for _, diagnostic in ipairs(client and vim.diagnostic.get(buffer, { lnum = row }) or {}) do
    local key = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'data', 'task')
    local uri = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'data', 'uri')
    local view = diagnostic.source == 'alfine' and key and tasks.get(client.id, key, uri)
    if view then
      return { client = client, view = view }
    end
  end
end

---The task that a buffer of the plugin shows.
---@param buffer integer
---@param row integer From 0.
---@return alfine.Task?
local function in_own(buffer, row)
  local shown = vim.b[buffer].alfine_task or require('alfine.window').task_at(buffer, row)
  return shown and tasks.known(shown)
end

---@param buffer integer
---@param row integer From 0.
---@return alfine.Task?
local function at(buffer, row)
  if not vim.api.nvim_buf_is_valid(buffer) then
    return nil
  end
  local own = in_own(buffer, row)
  if own or vim.bo[buffer].buftype ~= '' then
    return own
  end
  local path = real(vim.api.nvim_buf_get_name(buffer))
  return in_plan(path, row) or in_diagnostics(buffer, row) or in_worktree(path)
end

---@param key string
---@param buffer integer
---@return alfine.Task?
local function named(key, buffer)
  local here = vim.api.nvim_buf_is_valid(buffer) and server.of_buffer(buffer)
  local found
  for _, task in ipairs(tasks.all()) do
    if task.view.task == key and (not found or task.client == here) then
      found = task
    end
  end
  return found
end

---The tasks for which a command is offered.
---@param command string
---@return alfine.Task[]
function M.offered(command)
  return vim
    .iter(tasks.all())
    :filter(function(task)
      return status.offers(command, task.view)
    end)
    :totable()
end

---@param command string
---@param on_task fun(task: alfine.Task)
local function pick(command, on_task)
  local offered = M.offered(command)
  if #offered == 0 then
    local all = tasks.all()
    say.info(
      #all == 0 and 'Alfine: there is no task here. Write a plan (:help alfine-plan), or :Alfine init'
        or ('Alfine: there is no task to %s'):format(command)
    )
    return
  end
  vim.ui.select(offered, {
    prompt = ('Alfine %s:'):format(command),
    kind = 'alfine_task',
    format_item = function(task)
      return ('%s %s  (%s)'):format(task.view.task, task.view.title, task.view.summary)
    end,
  }, function(task)
    if task then
      on_task(task)
    end
  end)
end

---Brings what is known of the tasks up to date, then calls back; not where no server runs. One that does not answer
---keeps no other from it.
---@param on_tasks fun()
function M.fresh(on_tasks)
  local clients = server.clients()
  if #clients == 0 then
    say.error(server.none())
    return
  end
  local open, answered, over = #clients, false, false
  local function finish()
    over = true
    if answered then
      on_tasks()
    end
  end
  for _, client in ipairs(clients) do
    tasks.fetch(client, function(good)
      open = open - 1
      answered = answered or good
      if open == 0 and not over then
        finish()
      end
    end)
  end
  vim.defer_fn(function()
    if not over then
      say.error('Alfine: the language server does not answer. :Alfine restart starts it anew; loops do not notice')
      finish()
    end
  end, PATIENCE)
end

---Finds the task that a command is about, and calls back with it and the words that do not name it.
---@param command string
---@param call alfine.Call
---@param on_task fun(task: alfine.Task, words: string[])
function M.resolve(command, call, on_task)
  -- The user may go on before the server answers.
  local buffer = vim.api.nvim_get_current_buf()
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  M.fresh(function()
    local words = call.words
    local task = call.task and tasks.known(call.task)
    if task then
      on_task(task, words)
      return
    end
    task = words[1] and named(words[1], buffer)
    if task then
      on_task(task, vim.list_slice(words, 2))
      return
    end
    if words[1] and words[1]:match('^%S+#%S+$') then
      say.error(('Alfine: no plan has the task %s'):format(words[1]))
      return
    end
    task = at(buffer, row)
    if task then
      on_task(task, words)
    else
      pick(command, function(picked)
        on_task(picked, words)
      end)
    end
  end)
end

---Finds the task of a command that takes nothing else. An unknown name is an error: it must not mean the task at the
---cursor.
---@param name string
---@param call alfine.Call
---@param on_task fun(task: alfine.Task)
function M.resolve_alone(name, call, on_task)
  M.resolve(name, call, function(task, words)
    if words[1] then
      say.error(('Alfine: `%s` names no task; a key such as %s does'):format(words[1], task.view.task))
    else
      on_task(task)
    end
  end)
end

---Calls back with the plan of the buffer; else with the picked one.
---@param on_plan fun(client: vim.lsp.Client, uri: string)
function M.plan(on_plan)
  local buffer = vim.api.nvim_get_current_buf()
  M.fresh(function()
    local client = vim.api.nvim_buf_is_valid(buffer) and server.of_buffer(buffer)
    if client and (vim.bo[buffer].filetype == 'markdown' or vim.bo[buffer].filetype == 'json') then
      on_plan(client, vim.uri_from_bufnr(buffer))
      return
    end
    local plans, seen = {}, {}
    for _, task in ipairs(tasks.all()) do
      local plan = task.view.uri
      if plan and not seen[plan] then
        seen[plan] = true
        table.insert(plans, {
          label = task.view.plan,
          act = function()
            on_plan(task.client, plan)
          end,
        })
      end
    end
    if #plans == 0 then
      say.info('Alfine: there is no plan here. Write one (:help alfine-plan), or :Alfine init')
      return
    end
    ask.choice('Alfine plan:', plans)
  end)
end

return M
