-- What the agent of a task says, in a buffer that follows it.

local own = require('alfine.own')
local say = require('alfine.say')
local server = require('alfine.server')
local status = require('alfine.status')
local tasks = require('alfine.tasks')

local M = {}

---How soon the transcript of a running loop is asked for more, in milliseconds.
local PERIOD = 1000

local namespace = vim.api.nvim_create_namespace('alfine.transcript')

---@class alfine.Transcript
---@field client integer
---@field root string Its repository.
---@field task string
---@field uri? string Its plan.
---@field loop? string Whose iterations are read.
---@field only? integer The one iteration that is wanted; without it all are, one after another.
---@field iteration integer The one that is read.
---@field after? integer Where to go on in it, as the server said.
---@field read boolean Whether all of it was read.
---@field titled? integer The last one whose title is written.
---@field asking boolean
---@field again? boolean Whether something happened while it was asked.
---@field due? boolean Whether it is asked again after a while.

---@type table<integer, alfine.Transcript> By buffer.
local open = {}

---@param text string
---@param before string
---@return string[]
local function indented(text, before)
  local lines = vim.split(vim.trim(text), '\n')
  return vim
    .iter(lines)
    :map(function(line)
      return before .. line
    end)
    :totable()
end

---@type table<string, fun(event: table): string[]?, string?>
local FORMS = {
  text = function(event)
    return vim.split(vim.trim(event.text), '\n'), nil
  end,
  thinking = function(event)
    return indented(event.text, '  │ '), 'AlfineDetail'
  end,
  tool_started = function(event)
    return { (('● %s %s'):format(event.name, event.summary):gsub('\n', ' ')) }, 'AlfineRunning'
  end,
  tool_finished = function(event)
    if not event.ok then
      return { '  ✗ it failed' }, 'AlfineFailed'
    end
  end,
  permission_denied = function(event)
    return { '! denied: ' .. event.tool }, 'AlfineNeedsYou'
  end,
  retrying = function(event)
    return { '! tries again: ' .. event.reason }, 'AlfineNeedsYou'
  end,
  limit_warning = function(event)
    return { ('! %d%% of the usage limit is used'):format(math.floor(event.utilization * 100)) }, 'AlfineNeedsYou'
  end,
  ended = function(event)
    local class = vim.tbl_get(event, 'outcome', 'class')
    if class and class ~= 'ok' then
      return { ('✗ ended: %s %s'):format((class:gsub('_', ' ')), event.message or '') }, 'AlfineFailed'
    end
  end,
}

---The lines of an event, and how they look; none if the event is not shown.
---@param event table
---@return string[]?
---@return string?
function M.lines_of(event)
  local form = FORMS[event.event]
  if not form then
    return nil
  end
  local readable, lines, group = pcall(form, event)
  if readable then
    return lines, group
  end
end

---@param buffer integer
---@param lines string[]
---@param group? string
local function append(buffer, lines, group)
  local count = vim.api.nvim_buf_line_count(buffer)
  local first = (count == 1 and vim.api.nvim_buf_get_lines(buffer, 0, 1, false)[1] == '') and 0 or count
  -- An event's words may have lines of their own.
  lines = vim.split(table.concat(lines, '\n'), '\n')
  own.write(buffer, first, lines)
  for at, line in ipairs(group and lines or {}) do
    vim.api.nvim_buf_set_extmark(buffer, namespace, first + at - 1, 0, { end_col = #line, hl_group = group })
  end
end

---@param buffer integer
---@param events table[]
local function add(buffer, events)
  local transcript = open[buffer]
  local last = vim.api.nvim_buf_line_count(buffer)
  local following = vim.iter(vim.fn.win_findbuf(buffer)):filter(function(window)
    return vim.api.nvim_win_get_cursor(window)[1] == last
  end)
  following = following:totable()
  if transcript.titled ~= transcript.iteration then
    transcript.titled = transcript.iteration
    append(buffer, { ('── iteration %d ──'):format(transcript.iteration) }, 'AlfinePlan')
  end
  for _, event in ipairs(events) do
    local lines, group = M.lines_of(event)
    if lines then
      append(buffer, lines, group)
    end
  end
  for _, window in ipairs(following) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

---The server that is asked: the one that opened the transcript, or its successor for the same repository.
---@param buffer integer
---@return vim.lsp.Client?
local function client_of(buffer)
  local transcript = open[buffer]
  local client = vim.lsp.get_client_by_id(transcript.client)
  if client and not client:is_stopped() then
    return client
  end
  client = vim.iter(server.clients()):find(function(other)
    return other.root_dir == transcript.root
  end)
  if client then
    transcript.client, transcript.asking, transcript.read = client.id, false, false
    vim.b[buffer].alfine_task = { client = client.id, task = transcript.task, uri = transcript.uri }
  end
  return client
end

---@param transcript alfine.Transcript
---@param iteration integer
local function begin(transcript, iteration)
  transcript.iteration = iteration
  transcript.after = nil
  transcript.read = false
end

---Goes on with the next iteration, where this one is read and there is one, or with the loop that came after.
---@param transcript alfine.Transcript
local function turn(transcript)
  local view = tasks.get(transcript.client, transcript.task, transcript.uri)
  if not view or transcript.only then
    return
  end
  if view.loopId and view.loopId ~= transcript.loop then
    transcript.loop = view.loopId
    transcript.titled = nil
    begin(transcript, 1)
  elseif transcript.read and view.iteration > transcript.iteration then
    begin(transcript, transcript.iteration + 1)
  end
end

local ask

---Asks again after a while: the server reports changes of a loop's status, but not each word of its agent.
---@param buffer integer
local function ask_later(buffer)
  local transcript = open[buffer]
  local view = tasks.get(transcript.client, transcript.task, transcript.uri)
  if transcript.due or not view or not status.runs(view.status) then
    return
  end
  transcript.due = true
  vim.defer_fn(function()
    if open[buffer] == transcript then
      transcript.due = false
      ask(buffer)
    end
  end, PERIOD)
end

---@param buffer integer
function ask(buffer)
  local transcript = open[buffer]
  local client = client_of(buffer)
  if not client then
    return
  end
  if transcript.asking then
    transcript.again = true
    return
  end
  turn(transcript)
  if transcript.read then
    return
  end
  local argument = {
    task = transcript.task,
    uri = transcript.uri,
    iteration = transcript.iteration,
    after = transcript.after,
  }
  transcript.again = false
  ---@diagnostic disable-next-line: param-type-mismatch
  transcript.asking = client:request('alfine/transcript', argument, function(problem, page)
    if open[buffer] ~= transcript then
      return
    end
    transcript.asking = false
    if problem then
      transcript.read = true
      say.error(problem.message)
      return
    end
    local came_on = page.next ~= transcript.after
    transcript.after = page.next
    transcript.read = page.next == nil
    if #page.events > 0 then
      add(buffer, page.events)
    end
    if came_on or transcript.read or transcript.again then
      ask(buffer)
    else
      ask_later(buffer)
    end
  end)
end

vim.api.nvim_create_autocmd('User', {
  pattern = 'AlfineTasksChanged',
  group = vim.api.nvim_create_augroup('alfine.transcript', {}),
  desc = 'Ask for the end of what is shown',
  callback = function()
    for buffer in pairs(open) do
      ask(buffer)
    end
  end,
})

---@param buffer integer
---@param task alfine.Task
---@param only? integer
local function read_from_the_start(buffer, task, only)
  open[buffer] = {
    client = task.client.id,
    root = task.client.root_dir,
    task = task.view.task,
    uri = task.view.uri,
    loop = task.view.loopId,
    only = only,
    iteration = only or 1,
    read = false,
    asking = false,
  }
end

---The name of a task's folder, if the key alone does not say which task it is.
---@param task alfine.Task
---@return string
local function folder_of(task)
  local same = vim.iter(tasks.all()):filter(function(other)
    return other.client == task.client and other.view.task == task.view.task
  end)
  if #same:totable() > 1 and task.view.uri then
    local folder = vim.uri_to_fname(task.view.uri):sub(1, -#task.view.plan - 2)
    return vim.fs.basename(folder) .. '/'
  end
  return #server.clients() > 1 and vim.fs.basename(task.client.root_dir) .. '/' or ''
end

---@param task alfine.Task
---@param only? integer
---@return integer
local function make_buffer(task, only)
  local name = ('alfine://transcript/%s%s%s'):format(folder_of(task), task.view.task, only and '/' .. only or '')
  local buffer = own.buffer(name, 'wipe', 'alfine-transcript', function(emptied)
    read_from_the_start(emptied, task, only)
    ask(emptied)
  end)
  own.write(buffer, 0, {})
  vim.b[buffer].alfine_task = { client = task.client.id, task = task.view.task, uri = task.view.uri }
  for group, link in pairs(status.groups) do
    vim.api.nvim_set_hl(0, group, { link = link, default = true })
  end
  read_from_the_start(buffer, task, only)
  vim.api.nvim_create_autocmd('BufWipeout', {
    buffer = buffer,
    callback = function()
      open[buffer] = nil
    end,
  })
  return buffer
end

---Shows the transcript of a task, of all iterations or of one, and follows it.
---@param task alfine.Task
---@param only? integer
function M.open(task, only)
  local found = vim.iter(vim.tbl_keys(open)):find(function(buffer)
    local of = open[buffer]
    return of.task == task.view.task and of.uri == task.view.uri and of.root == task.client.root_dir and of.only == only
  end)
  local buffer = found or make_buffer(task, only)
  local window = vim.fn.win_findbuf(buffer)[1]
  if window then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd('rightbelow vsplit')
    vim.api.nvim_win_set_buf(0, buffer)
  end
  vim.wo[0][0].wrap = true
  vim.wo[0][0].linebreak = true
  vim.wo[0][0].number = false
  vim.wo[0][0].relativenumber = false
  vim.wo[0][0].signcolumn = 'no'
  ask(buffer)
end

return M
