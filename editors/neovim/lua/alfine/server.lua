-- The language server: where its program is, how it is asked, and what to do if it is missing.

local options = require('alfine.options')
local say = require('alfine.say')

local M = {}

---The plugin's version. The server's has to agree in all but the last number.
M.version = '0.1.0'

local INSTALL = 'Install it (`cargo install --path server/alfine` in a checkout of Alfine), '
  .. "or name it: vim.g.alfine = { server = '/path/to/alfine' }. Then :Alfine restart"

---The path of the server's program; nil if it is missing.
---@return string?
function M.program()
  local path = vim.fn.exepath(vim.fn.expand(options.get('server')))
  return path ~= '' and path or nil
end

---What to do if the program is missing.
---@return string
function M.missing()
  return ('Alfine: the program `%s` is not there. %s'):format(options.get('server'), INSTALL)
end

---What to do if the program is there but cannot be run.
---@param program string
---@return string
function M.broken(program)
  return ('Alfine: the program %s cannot be run. %s'):format(program, INSTALL)
end

---The running servers, without those that are being ended.
---@return vim.lsp.Client[]
function M.clients()
  return vim.tbl_filter(function(client)
    return not client:is_stopped()
  end, vim.lsp.get_clients({ name = 'alfine' }))
end

---The server of a buffer's file, even if the file has no type and so was not attached.
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

---What to do if no server runs.
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

---Why the server does not fit this plugin; nil if it does.
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

---Sends one of Alfine's own requests. An error is shown unchanged: it says what to do.
---@param client vim.lsp.Client
---@param method string
---@param argument table
---@param on_answer? fun(answer: any)
---@param on_end? fun(answered: boolean) Called before anything else, even if nothing could be sent.
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
