-- A Neovim of its own for one test, with a folder of its own that has a repository, a home and the plugin.

local Child = {}
Child.__index = Child

local PATIENCE = 10000

---@param path string
---@param text string
local function write(path, text)
  vim.fn.mkdir(vim.fs.dirname(path), 'p')
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
end

local PLAN = [[
# Coupons

### T1: Add the table

Acceptance criteria:
- [ ] It is there: `true`

### T2: Reject the expired

Acceptance criteria:
- [ ] They are rejected
]]

---Starts one. Options: `files` of the repository, `env`, `g` (vim.g.alfine), `enable`, `open`, `server` (a program in
---place of the fake one), `git` (false for no repository), `prepare` (makes the repository).
function Child.new(options)
  local self = setmetatable({}, Child)
  self.folder = vim.fn.resolve(vim.fn.tempname())
  self.repo = self.folder .. '/repo'
  for path, text in pairs(options.files or { ['PLAN.md'] = PLAN, ['main.lua'] = 'print(1)\nprint(2)\n' }) do
    write(self.repo .. '/' .. path, text)
  end
  if options.git ~= false and not options.prepare then
    vim.fn.mkdir(self.repo .. '/.git', 'p')
  end
  self.server = options.server or self:fake_server()
  self.env = {
    HOME = self.folder,
    XDG_CONFIG_HOME = self.folder .. '/config',
    XDG_DATA_HOME = self.folder .. '/data',
    XDG_STATE_HOME = self.folder .. '/state',
    XDG_CACHE_HOME = self.folder .. '/cache',
    NVIM_LOG_FILE = self.folder .. '/nvim.log',
    VIMRUNTIME = vim.env.VIMRUNTIME,
    GIT_CONFIG_NOSYSTEM = '1',
    GIT_AUTHOR_NAME = 'Tester',
    GIT_AUTHOR_EMAIL = 'tester@localhost',
    GIT_COMMITTER_NAME = 'Tester',
    GIT_COMMITTER_EMAIL = 'tester@localhost',
  }
  if options.prepare then
    options.prepare(self)
  end
  local command = { vim.v.progpath, '--clean', '-n', '--embed', '--headless', '--cmd' }
  table.insert(command, 'set runtimepath^=' .. suite.plugin)
  self.job = vim.fn.jobstart(command, {
    rpc = true,
    cwd = self.repo,
    env = vim.tbl_extend('force', self.env, options.env or {}),
  })
  assert(self.job > 0, 'Neovim did not start')
  self:lua(
    [[
      local server, options = ...
      vim.g.alfine = options.g or { server = server }
      -- What is said and asked, so that tests can see it and answer.
      _G.said, _G.asked, _G.answers = {}, {}, {}
      vim.notify = function(message, level) table.insert(said, { message, level }) end
      vim.ui.select = function(items, how, on_choice)
        local labels = vim.tbl_map(how.format_item or tostring, items)
        table.insert(asked, { how.prompt, labels })
        local answer = table.remove(answers, 1)
        for index, label in ipairs(labels) do
          if label == answer then return on_choice(items[index], index) end
        end
        on_choice(nil, nil)
      end
      vim.ui.input = function(how, on_text)
        table.insert(asked, { how.prompt })
        on_text(table.remove(answers, 1))
      end
      if options.enable ~= false then vim.lsp.enable('alfine') end
    ]],
    self.server,
    { g = options.g, enable = options.enable }
  )
  if options.open ~= false then
    self:edit(options.open or 'PLAN.md')
    if options.enable ~= false and options.attach ~= false then
      self:wait_for_server()
    end
  end
  return self
end

function Child:fake_server()
  local path = self.folder .. '/alfine'
  write(
    path,
    ('#!/bin/sh\nexec "%s" --headless --clean -n -l "%s/fake-alfine.lua" "$@"\n'):format(vim.v.progpath, suite.here)
  )
  assert(vim.uv.fs_chmod(path, 493))
  return path
end

---Runs git in the repository.
function Child:git(...)
  local done = vim.system({ 'git', ... }, { cwd = self.repo, env = self.env, text = true }):wait()
  assert(done.code == 0, done.stderr)
end

---Writes a file of its folder.
function Child:write(path, text)
  write(self.folder .. '/' .. path, text)
end

---Reads one.
function Child:read(path)
  local file = assert(io.open(self.folder .. '/' .. path))
  local text = file:read('*a')
  file:close()
  return text
end

---Runs Lua in it and returns what that returns.
function Child:lua(code, ...)
  return vim.rpcrequest(self.job, 'nvim_exec_lua', code, { ... })
end

function Child:command(line)
  return vim.rpcrequest(self.job, 'nvim_command', line)
end

function Child:keys(keys)
  return vim.rpcrequest(self.job, 'nvim_input', keys)
end

function Child:edit(path)
  self:command('edit ' .. vim.fn.fnameescape(self.repo .. '/' .. path))
end

---Waits until some Lua returns something true, and returns it.
function Child:wait(code, ...)
  local arguments = { ... }
  local found
  local good = vim.wait(PATIENCE, function()
    found = self:lua(code, unpack(arguments))
    return found and found ~= vim.NIL
  end, 20)
  if not good then
    error('it never came to be: ' .. code, 2)
  end
  return found
end

function Child:wait_for_server()
  self:wait([[
    local client = vim.lsp.get_clients({ name = 'alfine', bufnr = 0 })[1]
    return client and client.initialized and package.loaded['alfine.attach'] ~= nil
  ]])
end

---Waits until the server serves a file of the repository, whichever buffer is the current one.
function Child:wait_for_server_of(path)
  self:wait(
    [[
      local buffer = vim.fn.bufnr(...)
      return buffer ~= -1 and #vim.lsp.get_clients({ name = 'alfine', bufnr = buffer }) == 1
    ]],
    self.repo .. '/' .. path
  )
end

---Asks the fake server something of its own.
function Child:fake(method, params)
  return self:lua(
    [[
      local method, params = ...
      local client = vim.lsp.get_clients({ name = 'alfine' })[1]
      return assert(client:request_sync(method, params, 5000)).result
    ]],
    method,
    params or vim.empty_dict()
  )
end

---Gives the fake server tasks.
function Child:set(tasks, more)
  self:fake('fake/set', vim.tbl_extend('force', { tasks = tasks }, more or {}))
end

---The URI of the plan.
function Child:plan()
  return vim.uri_from_fname(self.repo .. '/PLAN.md')
end

---What the stand-in for the server offers for a task, where a test does not say.
local OFFERED = {
  ready = { 'start' },
  running = { 'pause', 'stop', 'steer', 'showDiff', 'showTranscript' },
  needs_input = { 'answer', 'steer' },
  paused = { 'continue', 'steer', 'rewind', 'fork', 'discard' },
  stopped = { 'continue', 'steer', 'rewind', 'fork', 'discard' },
  failed = { 'continue', 'discard' },
  done = { 'merge', 'showDiff', 'showTranscript', 'discard' },
}

---A task as the server tells of it; T1 stands in line 2 of the plan, T2 in line 7.
function Child:view(id, changes)
  local line = id == 'T1' and 2 or 7
  local key = 'PLAN.md#' .. id
  local view = vim.tbl_extend('force', {
    task = key,
    plan = 'PLAN.md',
    id = id,
    title = id == 'T1' and 'Add the table' or 'Reject the expired',
    uri = self:plan(),
    range = { start = { line = line, character = 0 }, ['end'] = { line = line, character = 10 } },
    status = 'ready',
    iteration = 0,
    maxIterations = 10,
    breaker = {},
    criteria = { { text = 'It is there', state = 'open' } },
    agent = 'claude',
    filesChanged = 0,
    needsYou = vim.list_contains({ 'needs_input', 'stopped', 'failed' }, (changes or {}).status),
    counters = {},
  }, changes or {})
  view.summary = view.summary or view.status
  view.offers = view.offers
    or vim.tbl_map(function(command)
      return {
        command = 'alfine.' .. command,
        argument = { task = key, uri = view.uri },
        title = command,
        short = command,
        next = true,
      }
    end, OFFERED[view.status] or {})
  return view
end

---The commands that the server was asked for, each with its argument.
function Child:executed()
  local found = {}
  for _, message in ipairs(self:fake('fake/seen').messages) do
    if message.method == 'workspace/executeCommand' then
      table.insert(found, { message.params.command, message.params.arguments[1] })
    end
  end
  return found
end

---Waits until the server was asked for a command, and returns the last one.
function Child:last_executed()
  local found
  assert(
    vim.wait(PATIENCE, function()
      found = self:executed()
      return #found > 0
    end, 20),
    'no command was sent; said: ' .. vim.inspect(self:said())
  )
  return found[#found]
end

---Waits until the fake server's questions have these answers.
function Child:wait_answers(wanted)
  local got
  local good = vim.wait(PATIENCE, function()
    got = self:fake('fake/seen').answers
    return vim.deep_equal(got, wanted)
  end, 20)
  assert(good, vim.inspect(got))
end

---What the user was told, the words alone.
function Child:said()
  return self:lua('return vim.tbl_map(function(it) return it[1] end, said)')
end

---Waits until the user was told something with these words in it.
function Child:wait_said(words)
  local found
  if
    not vim.wait(PATIENCE, function()
      for _, message in ipairs(self:said()) do
        if message:find(words, 1, true) then
          found = message
        end
      end
      return found
    end, 20)
  then
    error(('never said: %s\nsaid: %s'):format(words, vim.inspect(self:said())), 2)
  end
  return found
end

function Child:asked()
  return self:lua('return asked')
end

function Child:answer(...)
  self:lua('_G.answers = ...', { ... })
end

---The lines of the current buffer.
function Child:lines()
  return self:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
end

function Child:cursor(row)
  self:lua('vim.api.nvim_win_set_cursor(0, { ..., 0 })', row)
end

---What it complained about, for a failed test.
function Child:words()
  local good, words = pcall(function()
    return vim.inspect({
      said = self:said(),
      asked = self:asked(),
      messages = self:lua("return vim.fn.execute('messages')"),
    })
  end)
  return good and words or 'Neovim is gone'
end

function Child:close()
  pcall(vim.rpcrequest, self.job, 'nvim_command', 'silent! qall!')
  vim.fn.jobwait({ self.job }, 5000)
  vim.fn.jobstop(self.job)
  vim.fn.delete(self.folder, 'rf')
end

return Child
