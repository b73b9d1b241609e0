-- The life of a server: which repository gets one, how it is started, and what happens when it ends.

local options = require('alfine.options')
local say = require('alfine.say')
local server = require('alfine.server')
local tasks = require('alfine.tasks')

local M = {}

---@param dispatchers vim.lsp.rpc.Dispatchers
---@param config vim.lsp.ClientConfig
---@return vim.lsp.rpc.PublicClient
function M.start(dispatchers, config)
  local program = server.program() or options.get('server')
  local how = { cwd = config.root_dir, env = config.cmd_env }
  local started, client = pcall(vim.lsp.rpc.start, { program, 'lsp' }, dispatchers, how)
  if not started then
    error(server.broken(program), 0)
  end
  return client
end

---Where the loop works in whose worktree a file lies.
---@param path string
---@return string?
local function loop_root(path)
  for _, task in ipairs(tasks.all()) do
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
  -- The buffers of a file browser or a diff are not files of the repository.
  if not root or path:find('^%a[%w+.-]*://') then
    return
  end
  if not server.program() then
    vim.schedule(function()
      vim.notify_once(server.missing(), vim.log.levels.WARN, { title = 'Alfine' })
    end)
    return
  end
  on_root(root)
end

---Tells that a server ended, unless it was asked to.
---@param code integer
---@param signal integer
---@param client_id integer
function M.ended(code, signal, client_id)
  vim.schedule(function()
    tasks.forget(client_id)
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

---Ends the servers and starts them again.
function M.restart()
  if not server.program() then
    say.error(server.missing())
    return
  end
  -- Also servers that never answered, and servers that were asked to end and did not.
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

return M
