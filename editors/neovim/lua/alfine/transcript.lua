-- What the agent of a task says, in a buffer that follows it.

local status = require('alfine.status')
local tasks = require('alfine.tasks')

local M = {}

---How often a visible transcript of a running loop is asked for more, in milliseconds.
local PERIOD = 1000

local namespace = vim.api.nvim_create_namespace('alfine.transcript')

---@class alfine.Transcript
---@field client integer
---@field task string
---@field iteration integer The one that is read.
---@field all boolean Whether the next one follows.
---@field after? integer Where to go on in it, as the server said.
---@field read boolean Whether all of it was read.
---@field titled? integer The last one whose title is written.
---@field asking boolean

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

---The lines of an event, and how they look; none for what is not shown.
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
  vim.api.nvim_buf_set_lines(buffer, first, -1, false, lines)
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
  vim.bo[buffer].modifiable = true
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
  vim.bo[buffer].modifiable = false
  for _, window in ipairs(following) do
    vim.api.nvim_win_set_cursor(window, { vim.api.nvim_buf_line_count(buffer), 0 })
  end
end

---Goes on with the next iteration, where this one is read and there is one.
---@param transcript alfine.Transcript
local function turn(transcript)
  local view = tasks.get(transcript.client, transcript.task)
  if transcript.read and transcript.all and view and view.iteration > transcript.iteration then
    transcript.iteration = transcript.iteration + 1
    transcript.after = nil
    transcript.read = false
  end
end

---@param buffer integer
local function ask(buffer)
  local transcript = open[buffer]
  local client = transcript and vim.lsp.get_client_by_id(transcript.client)
  if not client or transcript.asking then
    return
  end
  turn(transcript)
  if transcript.read then
    return
  end
  local argument = { task = transcript.task, iteration = transcript.iteration, after = transcript.after }
  transcript.asking = true
  ---@diagnostic disable-next-line: param-type-mismatch
  client:request('alfine/transcript', argument, function(problem, page)
    transcript.asking = false
    if not open[buffer] or not vim.api.nvim_buf_is_valid(buffer) then
      return
    end
    if problem then
      transcript.read = true
      require('alfine.say').error(problem.message)
      return
    end
    local came_on = page.next ~= transcript.after
    transcript.after = page.next
    transcript.read = page.next == nil
    if #page.events > 0 then
      add(buffer, page.events)
    end
    if came_on then
      ask(buffer)
    end
  end)
end

---@param buffer integer
local function follow(buffer)
  local timer = assert(vim.uv.new_timer())
  timer:start(
    PERIOD,
    PERIOD,
    vim.schedule_wrap(function()
      local transcript = open[buffer]
      if not transcript or not vim.api.nvim_buf_is_valid(buffer) then
        open[buffer] = nil
        if not timer:is_closing() then
          timer:close()
        end
        return
      end
      local view = tasks.get(transcript.client, transcript.task)
      if view and status.runs(view.status) and #vim.fn.win_findbuf(buffer) > 0 then
        ask(buffer)
      end
    end)
  )
end

vim.api.nvim_create_autocmd('User', {
  pattern = 'AlfineTasksChanged',
  group = vim.api.nvim_create_augroup('alfine.transcript', {}),
  desc = 'Ask for the end of what is shown',
  callback = function()
    for buffer in pairs(open) do
      if vim.api.nvim_buf_is_valid(buffer) then
        ask(buffer)
      end
    end
  end,
})

---@param name string
---@param task alfine.Task
---@param iteration? integer
---@return integer
local function make_buffer(name, task, iteration)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buffer, name)
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].filetype = 'alfine-transcript'
  vim.bo[buffer].modifiable = false
  vim.b[buffer].alfine_task = { client = task.client.id, task = task.view.task }
  for group, link in pairs(status.groups) do
    vim.api.nvim_set_hl(0, group, { link = link, default = true })
  end
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buffer, desc = 'Alfine: close the transcript' })
  open[buffer] = {
    client = task.client.id,
    task = task.view.task,
    iteration = iteration or 1,
    all = iteration == nil,
    read = false,
    asking = false,
  }
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
---@param iteration? integer
function M.open(task, iteration)
  local name = ('alfine://transcript/%s%s'):format(task.view.task, iteration and '/' .. iteration or '')
  local found = vim.iter(vim.api.nvim_list_bufs()):find(function(buffer)
    return open[buffer] ~= nil and vim.api.nvim_buf_get_name(buffer) == name
  end)
  if found then
    vim.api.nvim_set_current_win(vim.fn.bufwinid(found))
    ask(found)
    return
  end
  local buffer = make_buffer(name, task, iteration)
  vim.cmd('rightbelow vsplit')
  vim.api.nvim_win_set_buf(0, buffer)
  vim.wo[0][0].wrap = true
  vim.wo[0][0].linebreak = true
  vim.wo[0][0].number = false
  vim.wo[0][0].relativenumber = false
  vim.wo[0][0].signcolumn = 'no'
  ask(buffer)
  follow(buffer)
end

return M
