-- The language server: where it is, how it is started and asked, and what to do where it is missing or ended.

local options = require('alfine.options')
local say = require('alfine.say')

local M = {}

---The plugin's version. The server's has to agree in all but the last number.
M.version = '0.1.0'

local INSTALL = 'Install it (`cargo install --path server/alfine` in a checkout of Alfine), '
  .. "or name it: vim.g.alfine = { server = '/path/to/alfine' }. Then :Alfine restart"

---The server's program as a path; none where it is missing.
---@return string?
function M.program()
  local path = vim.fn.exepath(vim.fn.expand(options.get('server')))
  return path ~= '' and path or nil
end

---What to do where the program is missing.
---@return string
function M.missing()
  return ('Alfine: the program `%s` is not there. %s'):format(options.get('server'), INSTALL)
end

---What to do where the program is there, and cannot be run.
---@param program string
---@return string
function M.broken(program)
  return ('Alfine: the program %s cannot be run. %s'):format(program, INSTALL)
end

---@param dispatchers vim.lsp.rpc.Dispatchers
---@param config vim.lsp.ClientConfig
---@return vim.lsp.rpc.PublicClient
function M.start(dispatchers, config)
  local program = M.program() or options.get('server')
  local how = { cwd = config.root_dir, env = config.cmd_env }
  local started, client = pcall(vim.lsp.rpc.start, { program, 'lsp' }, dispatchers, how)
  if not started then
    error(M.broken(program), 0)
  end
  return client
end

---Where the loop works in whose worktree a file lies.
---@param path string
---@return string?
local function loop_root(path)
  for _, task in ipairs(require('alfine.tasks').all()) do
    local worktree = task.view.worktree
    if worktree and vim.fs.relpath(worktree, path) then
      return task.client.root_dir
    end
  end
end

---Calls back with the repository that a buffer's file lies in. One server for each, since a task's key names its plan
---from there. Not where there is none, or no program to start.
---@param buffer integer
---@param on_root fun(root: string)
function M.root(buffer, on_root)
  local path = vim.api.nvim_buf_get_name(buffer)
  local root = loop_root(path) or vim.fs.root(path, '.git')
  -- What a file browser or a diff shows is no file of the repository.
  if not root or path:find('^%a[%w+.-]*://') then
    return
  end
  if not M.program() then
    vim.schedule(function()
      vim.notify_once(M.missing(), vim.log.levels.WARN, { title = 'Alfine' })
    end)
    return
  end
  on_root(root)
end

---The running servers; not those that are told to end.
---@return vim.lsp.Client[]
function M.clients()
  return vim.tbl_filter(function(client)
    return not client:is_stopped()
  end, vim.lsp.get_clients({ name = 'alfine' }))
end

---The server of a buffer's file, also where the file has no type and so was not attached.
---@param buffer integer
---@return vim.lsp.Client?
function M.of_buffer(buffer)
  local path = vim.api.nvim_buf_get_name(buffer)
  if path == '' or vim.bo[buffer].buftype ~= '' then
    return nil
  end
  local clients = vim.iter(M.clients())
  return vim.lsp.get_clients({ name = 'alfine', bufnr = buffer })[1]
    or clients:find(function(client)
      return vim.fs.relpath(client.root_dir, path) ~= nil
    end)
end

---What to do where no server runs.
---@return string
function M.none()
  if not M.program() then
    return M.missing()
  end
  if not vim.lsp.is_enabled('alfine') then
    return "Alfine: its language server is not enabled. Put vim.lsp.enable('alfine') into your init.lua"
  end
  if not vim.fs.root(0, '.git') then
    return 'Alfine: this is not in a git repository. Open a file of one, or run `git init`'
  end
  if #M.clients() > 0 then
    return 'Alfine: this is no file of a repository whose language server runs. Open one, or save this one there'
  end
  local begins = vim.iter(vim.lsp.get_clients({ name = 'alfine', _uninitialized = true })):any(function(client)
    return not client.initialized and not client:is_stopped()
  end)
  if begins then
    return 'Alfine: its language server does not answer yet. If that lasts, :Alfine restart'
  end
  return 'Alfine: no language server runs. Open a file of the repository, write a first plan with :Alfine init, '
    .. 'or start it anew with :Alfine restart'
end

---Why the server does not fit this plugin; none where it does.
---@param client vim.lsp.Client
---@return string?
function M.mismatch(client)
  local theirs = vim.version.parse((client.server_info or {}).version or '')
  local ours = assert(vim.version.parse(M.version))
  if theirs and theirs.major == ours.major and theirs.minor == ours.minor then
    return nil
  end
  local older = theirs and vim.version.lt(theirs, ours)
  return ('Alfine: the program is version %s and the plugin is %s, so some of it may not work. Update the %s'):format(
    theirs and tostring(theirs) or 'unknown',
    M.version,
    (older or not theirs) and 'program: cargo install --path server/alfine' or 'plugin'
  )
end

---Tells that a server ended, unless it was asked to.
---@param code integer
---@param signal integer
---@param client_id integer
function M.ended(code, signal, client_id)
  vim.schedule(function()
    require('alfine.tasks').forget(client_id)
    if vim.v.exiting ~= vim.NIL or (code == 0 and (signal == 0 or signal == 15)) then
      return
    end
    local how = signal ~= 0 and ('signal ' .. signal) or ('exit status ' .. code)
    say.error(
      ('Alfine: its language server ended (%s). Loops go on without it. '):format(how)
        .. (':Alfine restart starts it anew; %s has its words'):format(vim.lsp.log.get_filename())
    )
  end)
end

---Ends the servers and starts them anew.
function M.restart()
  if not M.program() then
    say.error(M.missing())
    return
  end
  -- Also those that never came to answer, and those that were told to end and did not.
  local function left()
    return vim.lsp.get_clients({ name = 'alfine', _uninitialized = true })
  end
  for _, client in ipairs(left()) do
    client:stop()
  end
  vim.wait(3000, function()
    return #left() == 0
  end, 20)
  for _, client in ipairs(left()) do
    client.rpc.terminate()
  end
  vim.lsp.enable('alfine', false)
  vim.lsp.enable('alfine')
end

---Asks the server something of its own. An error is shown as it is: it says what to do.
---@param client vim.lsp.Client
---@param method string
---@param argument table
---@param on_answer? fun(answer: any)
---@param on_end? fun(answered: boolean) Called before anything else, also where nothing could be sent.
function M.ask(client, method, argument, on_answer, on_end)
  ---@diagnostic disable-next-line: param-type-mismatch
  local sent = client:request(method, argument, function(problem, answer)
    if on_end then
      on_end(problem == nil)
    end
    if problem then
      say.error(problem.message)
    elseif on_answer then
      on_answer(answer)
    end
  end)
  if not sent then
    if on_end then
      on_end(false)
    end
    say.error(M.none())
  end
end

---@type table<integer, integer> How many commands of the user's each server works on.
local busy = {}

---Whether a server works on a command of the user's.
---@param client_id integer
---@return boolean
function M.is_busy(client_id)
  return (busy[client_id] or 0) > 0
end

---Has the server do something.
---@param client vim.lsp.Client
---@param name string Without `alfine.`.
---@param argument table
---@param on_answer? fun(answer: any)
function M.command(client, name, argument, on_answer)
  local command = 'alfine.' .. name
  local known = vim.tbl_get(client.server_capabilities, 'executeCommandProvider', 'commands') or {}
  if not vim.list_contains(known, command) then
    say.error(M.mismatch(client) or ('Alfine: the language server does not know %s'):format(command))
    return
  end
  busy[client.id] = (busy[client.id] or 0) + 1
  local function over()
    busy[client.id] = busy[client.id] - 1
  end
  M.ask(client, 'workspace/executeCommand', { command = command, arguments = { argument } }, on_answer, over)
end

return M
