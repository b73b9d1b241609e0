-- `:checkhealth alfine`: what is there, what runs, and what to do about what is wrong.

local options = require('alfine.options')
local server = require('alfine.server')
local status = require('alfine.status')

local M = {}

local health = vim.health

local function check_plugin()
  health.start('Alfine: plugin')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok(('Neovim %s, plugin %s'):format(tostring(vim.version()), server.version))
  else
    health.error('Neovim is older than 0.11', 'Install Neovim 0.11 or later')
  end
  for _, problem in ipairs(options.problems()) do
    health.warn(problem, 'See :help alfine-options')
  end
  if vim.lsp.is_enabled('alfine') then
    health.ok('the language server is enabled')
  else
    health.error('the language server is not enabled', "Put vim.lsp.enable('alfine') into your init.lua")
  end
end

---@param program string
---@return string? version
local function version_of(program)
  local started, process = pcall(vim.system, { program, '--version' }, { text = true, timeout = 5000 })
  local done = started and process:wait() or { code = 1 }
  return done.code == 0 and done.stdout:match('%d+%.%d+%.%d+%S*') or nil
end

---@return string? program
local function check_program()
  health.start('Alfine: program')
  local program = server.program()
  if not program then
    health.error(('`%s` is not there'):format(options.get('server')), {
      'Install it: cargo install --path server/alfine, in a checkout of Alfine',
      "Or name it: vim.g.alfine = { server = '/path/to/alfine' }",
    })
    return nil
  end
  local version = version_of(program)
  if not version then
    health.error(('`%s --version` does not work'):format(program), 'Install it anew')
    return nil
  end
  local problem = server.mismatch({ server_info = { version = version } } --[[@as vim.lsp.Client]])
  if problem then
    health.warn(problem)
  else
    health.ok(('%s, version %s'):format(program, version))
  end
  return program
end

---What the program itself finds: agents, git, database, settings.
---@param program string
local function check_repository(program)
  health.start('Alfine: repository')
  local client = server.clients()[1]
  local root = client and client.root_dir or vim.fs.root(assert(vim.uv.cwd()), '.git')
  if not root then
    health.info('Not in a git repository; open a file of one and check again')
    return
  end
  local done = vim.system({ program, 'doctor', '--json' }, { cwd = root, text = true, timeout = 30000 }):wait()
  local readable, report = pcall(vim.json.decode, done.stdout)
  if not readable or type(report) ~= 'table' or type(report.checks) ~= 'table' then
    health.error('`alfine doctor` does not work here', vim.trim(done.stderr))
    return
  end
  for _, check in ipairs(report.checks) do
    local words = ('%s: %s'):format(check.name, check.found)
    if check.state == 'ok' then
      health.ok(words)
    elseif check.state == 'error' then
      health.error(words, check.remedy)
    elseif check.remedy then
      health.info(('%s; %s'):format(words, check.remedy))
    else
      health.info(words)
    end
  end
end

---@param client vim.lsp.Client
local function check_client(client)
  local version = (client.server_info or {}).version or 'unknown'
  health.ok(('serves %s (version %s, client %d)'):format(client.root_dir, version, client.id))
  local problem = server.mismatch(client)
  if problem then
    health.warn(problem)
  end
  local answer = client:request_sync('alfine/tasks' --[[@as any]], vim.empty_dict(), 5000)
  if not answer or answer.err then
    health.error(
      'it does not tell of its tasks: ' .. (answer and answer.err.message or 'no answer within 5 seconds'),
      ':Alfine restart'
    )
    return
  end
  local views = answer.result.tasks
  health.info(('%d task%s'):format(#views, #views == 1 and '' or 's'))
  for _, view in ipairs(views) do
    local call, command = status.call(view)
    if view.status == 'needs_input' then
      health.warn(('%s needs input: %s'):format(view.task, view.reason or ''), ':Alfine answer')
    elseif status.runs(view.status) then
      health.info(('%s: %s'):format(view.task, view.summary or status.words(view)))
    elseif call and view.status ~= 'done' then
      health.warn(call, command)
    elseif call then
      health.info(('%s: %s'):format(call, command))
    end
  end
end

local function check_servers()
  health.start('Alfine: language server')
  local clients = server.clients()
  if #clients == 0 then
    health.warn('no language server runs', server.none())
  end
  for _, client in ipairs(clients) do
    check_client(client)
  end
  health.info('its words: ' .. vim.lsp.log.get_filename())
end

function M.check()
  check_plugin()
  local program = check_program()
  if program then
    check_repository(program)
  end
  check_servers()
end

return M
