-- A stand-in for the program `alfine`: a language server that does what tests tell it by requests of its own
-- (`fake/…`), and the few commands that the plugin runs. Run by `nvim -l`.

local version = vim.env.FAKE_VERSION or '0.1.0'

if arg[1] == '--version' then
  io.stdout:write('alfine ' .. version .. '\n')
  os.exit(0)
elseif arg[1] == 'doctor' then
  io.stdout:write(vim.json.encode({
    checks = {
      { name = 'git', state = 'ok', found = 'git version 2' },
      { name = 'claude', state = 'error', found = 'claude cannot be run', remedy = 'install it: npm install' },
    },
  }) .. '\n')
  os.exit(0)
elseif arg[1] == 'log' then
  io.stdout:write('log of ' .. arg[2] .. '\n')
  os.exit(0)
elseif arg[1] == 'init' then
  local plan = assert(io.open('PLAN.md', 'w'))
  plan:write('# First plan\n')
  plan:close()
  io.stdout:write('wrote PLAN.md\n')
  os.exit(0)
elseif arg[1] ~= 'lsp' then
  io.stderr:write('unknown command\n')
  os.exit(2)
end
if vim.env.FAKE_EXIT then
  os.exit(tonumber(vim.env.FAKE_EXIT))
end

local tasks, seen, events = {}, {}, {}
local failure, lenses = nil, 0
local refreshes, asked = false, 0
-- What it asks the user, the requests that wait for an answer, and the answers.
local question, waiting, answers = nil, {}, {}
local over
-- Whether the loop is, so that its last iteration has no more to come.
local ended

local function send(message)
  message.jsonrpc = '2.0'
  local body = vim.json.encode(message)
  io.stdout:write(('Content-Length: %d\r\n\r\n%s'):format(#body, body))
  io.stdout:flush()
end

---Asks the client something, and hands its answer on.
local function ask(method, params, on_answer)
  asked = asked + 1
  waiting[asked] = on_answer
  send({ id = asked, method = method, params = params })
end

---@param answer any
local function keep(answer)
  table.insert(answers, answer == nil and vim.NIL or answer)
end

-- What it is run by has no plugins.
local protocol = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), '../lua/alfine/protocol.lua'))

local requests = {
  initialize = function(params)
    refreshes = vim.tbl_get(params.capabilities, 'workspace', 'codeLens', 'refreshSupport')
    return {
      capabilities = {
        positionEncoding = 'utf-16',
        textDocumentSync = 1,
        codeLensProvider = { resolveProvider = false },
        executeCommandProvider = {
          commands = vim.tbl_map(function(command)
            return 'alfine.' .. command.name
          end, protocol.commands),
        },
      },
      serverInfo = { name = 'alfine', version = version },
    }
  end,
  shutdown = function()
    return vim.NIL
  end,
  ['textDocument/codeLens'] = function(params)
    lenses = lenses + 1
    local found = {}
    for _, view in pairs(tasks) do
      if view.uri == params.textDocument.uri then
        table.insert(found, {
          range = view.range,
          command = { title = view.status, command = 'alfine.start', arguments = { { uri = view.uri } } },
        })
      end
    end
    return found
  end,
  ['workspace/executeCommand'] = function(params)
    if failure then
      local message = failure
      failure = nil
      return nil, { code = -32803, message = message }
    end
    local argument = params.arguments[1]
    if params.command == 'alfine.start' then
      return { tasks = { { task = argument.task or 'all', status = 'running' } } }
    end
    return { task = argument.task or vim.NIL, status = 'running' }
  end,
  ['alfine/tasks'] = function()
    return { tasks = vim.tbl_values(tasks) }
  end,
  ['alfine/transcript'] = function(params)
    local of, last = events[params.iteration] or {}, #events
    -- As the real one: no `next` where there will be no more.
    local more = params.iteration >= last and not ended
    return { events = vim.list_slice(of, (params.after or 0) + 1), next = more and #of or nil }
  end,
  ['fake/set'] = function(params)
    for _, view in ipairs(params.tasks or {}) do
      tasks[view.task .. ' ' .. view.uri] = view
    end
    local removed = params.removedTasks or {}
    for _, view in pairs(tasks) do
      if vim.list_contains(params.removed or {}, view.task) then
        table.insert(removed, { task = view.task, uri = view.uri })
      end
    end
    for _, gone in ipairs(removed) do
      tasks[gone.task .. ' ' .. gone.uri] = nil
    end
    -- By iteration.
    for iteration, more in ipairs(params.events or {}) do
      events[iteration] = vim.list_extend(events[iteration] or {}, more)
    end
    if params.tasks or #removed > 0 then
      send({
        method = 'alfine/tasksChanged',
        params = { tasks = params.tasks or {}, removed = params.removed or {}, removedTasks = removed },
      })
      if refreshes then
        ask('workspace/codeLens/refresh')
      end
    end
    return vim.empty_dict()
  end,
  ['fake/end'] = function()
    ended = true
    return vim.empty_dict()
  end,
  ['fake/fail'] = function(params)
    failure = params.message
    return vim.empty_dict()
  end,
  ['fake/seen'] = function()
    return { messages = seen, lenses = lenses, answers = answers }
  end,
  ['fake/tell'] = function(params)
    send({ method = 'window/showMessage', params = params })
    return vim.empty_dict()
  end,
  ['fake/ask'] = function(params)
    ask('window/showMessageRequest', vim.tbl_extend('error', { type = 3 }, params), keep)
    return vim.empty_dict()
  end,
  ['fake/ask_at_command'] = function(params)
    question = vim.tbl_extend('error', { type = 3 }, params)
    return vim.empty_dict()
  end,
  ['fake/crash'] = function()
    os.exit(3)
  end,
}

local function receive(message)
  if message.method == 'exit' then
    over = true
    return
  end
  if not message.method then
    local on_answer = waiting[message.id]
    waiting[message.id] = nil
    if on_answer then
      on_answer(message.result)
    end
    return
  end
  if not vim.startswith(message.method, 'fake/') then
    table.insert(seen, { method = message.method, params = message.params })
  end
  if message.id == nil then
    return
  end
  local handler = requests[message.method]
  if not handler then
    send({ id = message.id, error = { code = -32601, message = 'no ' .. message.method } })
    return
  end
  local result, problem = handler(message.params)
  if message.method == 'workspace/executeCommand' and question then
    ask('window/showMessageRequest', question, function(answer)
      keep(answer)
      send({ id = message.id, result = result, error = problem })
    end)
    question = nil
    return
  end
  send({ id = message.id, result = result, error = problem })
end

local buffered = ''
local input = assert(vim.uv.new_pipe())
input:open(0)
input:read_start(function(problem, data)
  if problem or not data then
    over = true
    return
  end
  buffered = buffered .. data
  while true do
    local _, head, length = buffered:find('^Content%-Length: (%d+)\r\n\r\n')
    if not head or #buffered < head + tonumber(length) then
      return
    end
    local body = buffered:sub(head + 1, head + tonumber(length))
    buffered = buffered:sub(head + tonumber(length) + 1)
    receive(vim.json.decode(body))
  end
end)
while not over do
  vim.uv.run('once')
end
os.exit(0)
