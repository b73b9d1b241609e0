-- The task window: plans, their tasks, and what is to be known of each. Follows every change.

local options = require('alfine.options')
local own = require('alfine.own')
local say = require('alfine.say')
local server = require('alfine.server')
local status = require('alfine.status')
local tasks = require('alfine.tasks')

local M = {}

local NAME = 'alfine://tasks'
local namespace = vim.api.nvim_create_namespace('alfine.window')

---What keys do: a subcommand, or what the window itself knows. None of them moves the cursor otherwise.
local KEYS = {
  { '<CR>', 'goto', 'go to the task in its plan' },
  { '<Tab>', 'unfold', 'show or hide details' },
  { 's', 'start', 'start the loop' },
  { 'p', 'pause', 'pause it after its iteration' },
  { 'c', 'continue', 'continue it' },
  { 'x', 'stop', 'stop it' },
  { 'i', 'steer', 'give its agent a note' },
  { 'a', 'answer', 'answer its question' },
  { 'd', 'diff', 'show what it changed' },
  { 'o', 'transcript', 'show what the agent says' },
  { 'O', 'log', 'show what happened' },
  { 'gf', 'worktree', 'open its worktree in a tab page' },
  { 'u', 'rewind', 'rewind it to an iteration' },
  { 'y', 'fork', 'fork it from an iteration' },
  { 'm', 'merge', 'merge what it made' },
  { 'D', 'discard', 'discard it' },
  { 'g?', 'help', 'show or hide these keys' },
  { 'q', 'close', 'close this window' },
}

---@class alfine.Line
---@field text string
---@field marks? [integer, integer, string][] First and last byte, from 0, and the highlight group.
---@field task? alfine.Of

local unfolded = {} ---@type table<string, boolean>
local shows_help = false
local shown = {} ---@type alfine.Line[]
local own_buffer ---@type integer?

---@param lines alfine.Line[]
---@param view alfine.TaskView
---@param of alfine.Of
local function add_details(lines, view, of)
  local function add(text, group)
    for _, line in ipairs(vim.split(text, '\n')) do
      line = '      ' .. line
      table.insert(lines, { text = line, marks = { { 0, #line, group or 'AlfineDetail' } }, task = of })
    end
  end
  local signs = {
    open = { '○', 'AlfineDetail' },
    checked = { '✓', 'AlfineDetail' },
    proven = { '✓', 'AlfineDone' },
    approved = { '✓', 'AlfineDone' },
    guard = { '·', 'AlfineDetail' },
    unproven = { '?', 'AlfineNeedsYou' },
    weak = { '?', 'AlfineNeedsYou' },
    stale = { '~', 'AlfineNeedsYou' },
    failed = { '✗', 'AlfineFailed' },
  }
  for _, criterion in ipairs(view.criteria) do
    local sign = signs[criterion.state] or signs.open
    local why = criterion.proof and criterion.proof.why or criterion.state
    local word = criterion.state == 'open' and '' or ('  (%s)'):format(why)
    add(('%s %s%s'):format(sign[1], criterion.text, word), sign[2])
  end
  for _, counter in ipairs(view.counters) do
    add(('%s %s'):format(counter.label, counter.shown))
  end
  if view.agent ~= '' then
    add(('agent %s%s'):format(view.agent, view.branch and (' on branch ' .. view.branch) or ''))
  end
  if view.updatedAt then
    add('changed at ' .. os.date('%Y-%m-%d %H:%M:%S', math.floor(view.updatedAt / 1000)))
  end
end

---@param task alfine.Task
---@return string
local function place(task)
  return task.client.root_dir .. (task.view.uri or '') .. task.view.task
end

---@param lines alfine.Line[]
---@param task alfine.Task
---@param columns integer How many there are; a title is cut before the status is.
local function add_task(lines, task, columns)
  local view = task.view
  local of = { client = task.client.id, task = view.task, uri = view.uri }
  local sign, group = status.look(view.status)
  local summary = view.summary
  local head = ('  %s %s  '):format(sign, view.id)
  local room = columns - vim.fn.strdisplaywidth(head .. '  ' .. summary)
  head = head .. say.cut(view.title, math.max(10, room))
  local text = head .. '  ' .. summary
  table.insert(lines, {
    text = text,
    marks = { { 2, 2 + #sign, group }, { #head + 2, #text, group } },
    task = of,
  })
  if view.reason and view.reason ~= '' then
    local reason = '      ' .. vim.split(view.reason, '\n')[1]
    table.insert(lines, { text = reason, marks = { { 0, #reason, group } }, task = of })
  end
  if unfolded[place(task)] then
    add_details(lines, view, of)
  end
end

---@param all alfine.Task[]
---@param at integer
---@return string
local function plan_summary(all, at)
  local first, over, total, cost = all[at], 0, 0, nil
  for _, task in ipairs(all) do
    if task.client == first.client and task.view.plan == first.view.plan and task.view.uri == first.view.uri then
      total = total + 1
      local name = task.view.status
      over = over + ((name == 'done' or name == 'merged') and 1 or 0)
      cost = task.view.costUsd and (cost or 0) + task.view.costUsd or cost
    end
  end
  return ('  %d of %d done%s'):format(over, total, cost and ' · ' .. status.dollars(cost) or '')
end

---@param columns integer
---@return alfine.Line[]
local function render(columns)
  local lines = {} ---@type alfine.Line[]
  local function add(text, group)
    table.insert(lines, { text = text, marks = { { 0, #text, group or 'AlfineDetail' } } })
  end
  if shows_help then
    for _, key in ipairs(KEYS) do
      add(('%-7s %s'):format(key[1], key[3]))
    end
    add('')
  end
  local all = tasks.all()
  local many = #server.clients() > 1
  local last
  for at, task in ipairs(all) do
    local plan = (many and vim.fs.basename(task.client.root_dir) .. '/' or '') .. task.view.plan
    local heading = plan .. ' ' .. (task.view.uri or '')
    if heading ~= last then
      last = heading
      local summary = plan_summary(all, at)
      local marks = { { 0, #plan, 'AlfinePlan' }, { #plan, #plan + #summary, 'AlfineDetail' } }
      table.insert(lines, { text = plan .. summary, marks = marks })
    end
    add_task(lines, task, columns)
  end
  if #all == 0 and #server.clients() == 0 then
    add(server.none())
  elseif #all == 0 then
    add('No task yet. Write a plan, such as PLAN.md with a heading `### T1: What is to be done`, or :Alfine init')
  end
  return lines
end

---@param buffer integer
local function draw(buffer)
  local cursors, columns = {}, vim.o.columns
  for _, window in ipairs(vim.fn.win_findbuf(buffer)) do
    local row, column = unpack(vim.api.nvim_win_get_cursor(window))
    cursors[window] = { row = row, column = column, task = M.task_at(buffer, row - 1) }
    columns = math.min(columns, vim.api.nvim_win_get_width(window))
  end
  shown = render(columns)
  local texts = vim.iter(shown):map(function(line)
    return (line.text:gsub('\n', ' '))
  end)
  own.write(buffer, 0, texts:totable())
  vim.api.nvim_buf_clear_namespace(buffer, namespace, 0, -1)
  for row, line in ipairs(shown) do
    for _, mark in ipairs(line.marks or {}) do
      vim.api.nvim_buf_set_extmark(buffer, namespace, row - 1, mark[1], { end_col = mark[2], hl_group = mark[3] })
    end
  end
  for window, was in pairs(cursors) do
    M.place_cursor(window, buffer, was)
  end
end

---Keeps the cursor on its task when lines moved.
---@param window integer
---@param buffer integer
---@param was { row: integer, column: integer, task?: alfine.Of }
function M.place_cursor(window, buffer, was)
  local row = math.min(was.row, vim.api.nvim_buf_line_count(buffer))
  local here = M.task_at(buffer, row - 1)
  if was.task and not vim.deep_equal(here, was.task) then
    for at, line in ipairs(shown) do
      if vim.deep_equal(line.task, was.task) then
        row = at
        break
      end
    end
  end
  vim.api.nvim_win_set_cursor(window, { row, was.column })
end

---The task that a line of the window is about.
---@param buffer integer
---@param row integer From 0.
---@return alfine.Of?
function M.task_at(buffer, row)
  local line = buffer == own_buffer and shown[row + 1]
  return line and line.task or nil
end

---@type table<string, fun(buffer: integer, of?: alfine.Of)>
local actions = {
  close = own.close,
  help = function(buffer)
    shows_help = not shows_help
    draw(buffer)
    vim.api.nvim_win_set_cursor(0, { 1, 0 })
  end,
  unfold = function(buffer, of)
    local task = of and tasks.known(of)
    if task then
      local key = place(task)
      unfolded[key] = not unfolded[key]
      draw(buffer)
    end
  end,
  ['goto'] = function(_, of)
    local task = of and tasks.known(of)
    if not task or not task.view.uri then
      return
    end
    own.leave()
    vim.lsp.util.show_document(
      { uri = task.view.uri, range = task.view.range },
      task.client.offset_encoding,
      { reuse_win = true, focus = true }
    )
  end,
}

---@param run_for fun(subcommand: string, of: alfine.Of)
---@return integer
local function make_buffer(run_for)
  local buffer = own.buffer(NAME, 'hide', 'alfine', draw)
  own_buffer = buffer
  for _, key in ipairs(KEYS) do
    vim.keymap.set('n', key[1], function()
      local of = M.task_at(buffer, vim.api.nvim_win_get_cursor(0)[1] - 1)
      if actions[key[2]] then
        actions[key[2]](buffer, of)
      elseif of then
        run_for(key[2], of)
      end
    end, { buffer = buffer, nowait = true, desc = 'Alfine: ' .. key[3] })
  end
  for group, link in pairs(status.groups) do
    vim.api.nvim_set_hl(0, group, { link = link, default = true })
  end
  local group = vim.api.nvim_create_augroup('alfine.window', {})
  local function draw_if_seen()
    if vim.api.nvim_buf_is_valid(buffer) and #vim.fn.win_findbuf(buffer) > 0 then
      draw(buffer)
    end
  end
  vim.api.nvim_create_autocmd('User', { pattern = 'AlfineTasksChanged', group = group, callback = draw_if_seen })
  vim.api.nvim_create_autocmd('WinResized', { group = group, callback = draw_if_seen })
  -- A color scheme clears the links.
  vim.api.nvim_create_autocmd('ColorScheme', {
    group = group,
    callback = function()
      for name, link in pairs(status.groups) do
        vim.api.nvim_set_hl(0, name, { link = link, default = true })
      end
    end,
  })
  return buffer
end

---Whether the buffer is there as it was made: `:bdelete` leaves no more than its name.
---@return boolean
local function is_made()
  return own_buffer ~= nil and vim.api.nvim_buf_is_valid(own_buffer) and vim.bo[own_buffer].filetype == 'alfine'
end

---Opens the window, or goes to it; closes it from within.
---@param run_for fun(subcommand: string, of: alfine.Of) Runs the subcommand of a key for the task of the line.
function M.toggle(run_for)
  local made = is_made()
  local buffer = made and own_buffer or make_buffer(run_for) --[[@as integer]]
  local window = vim.fn.bufwinid(buffer)
  if made and window ~= -1 then
    if window == vim.api.nvim_get_current_win() then
      own.close()
    else
      vim.api.nvim_set_current_win(window)
    end
    return
  end
  if window == -1 then
    vim.cmd(('botright %dsplit'):format(math.max(1, options.get('height'))))
    window = vim.api.nvim_get_current_win()
    vim.api.nvim_win_set_buf(window, buffer)
  end
  vim.api.nvim_set_current_win(window)
  for option, value in pairs({
    number = false,
    relativenumber = false,
    signcolumn = 'no',
    foldcolumn = '0',
    spell = false,
    list = false,
    wrap = false,
    cursorline = true,
    winfixheight = true,
    winbar = ' Alfine%=g? keys ',
  }) do
    vim.api.nvim_set_option_value(option, value, { win = window, scope = 'local' })
  end
  draw(buffer)
  for _, client in ipairs(server.clients()) do
    tasks.fetch(client)
  end
end

return M
