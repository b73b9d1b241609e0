-- `:Alfine`: its subcommands, what they take, and how they are completed.

local say = require('alfine.say')
local server = require('alfine.server')
local status = require('alfine.status')
local target = require('alfine.target')
local tasks = require('alfine.tasks')

local M = {}

---@class alfine.Call
---@field words string[] What stands behind the subcommand.
---@field bang boolean
---@field range integer How many ends of a range were given.
---@field line1 integer
---@field line2 integer
---@field task? alfine.Of The task, where it is known without being named.

---@class alfine.Subcommand
---@field run fun(call: alfine.Call)
---@field words? string[] What is offered besides tasks.
---@field tasks? boolean Whether tasks are offered.

---@type table<string, alfine.Subcommand>
local subcommands = {}

---What is told of a loop that still works when a command was taken.
local TAKEN = {
  pause = '%s pauses when its iteration is over',
  steer = '%s has the note',
  stop = '%s stops',
}

---Tells where tasks are now. The server itself tells of conflicts, and of what was thrown away.
---@param name string The command.
---@param answer? { task?: string, status?: alfine.Status, tasks?: table[], conflicts?: string[] }
local function tell(name, answer)
  if type(answer) ~= 'table' then
    return
  end
  for _, task in ipairs(answer.tasks or {}) do
    tell(name, task)
  end
  if not answer.status or answer.status == 'discarded' or answer.conflicts then
    return
  end
  if TAKEN[name] and status.runs(answer.status) then
    say.info(TAKEN[name]:format(answer.task))
  else
    say.info(('%s: %s'):format(answer.task, (answer.status:gsub('_', ' '))))
  end
end

---Has the server do something, and tells what came of it.
---@param client vim.lsp.Client
---@param name string Without `alfine.`.
---@param argument table
local function perform(client, name, argument)
  server.command(client, name, argument, function(answer)
    if name == 'merge' then
      vim.cmd.checktime()
    end
    tell(name, answer)
  end)
end

---@param task alfine.Task
---@param name string
---@param more? table
local function send(task, name, more)
  perform(task.client, name, vim.tbl_extend('error', { task = task.view.task, uri = task.view.uri }, more or {}))
end

---Goes where something may be opened: not into a window of the plugin's own.
local function leave()
  require('alfine.window').leave()
end

---@param prompt string
---@param on_text fun(text: string)
local function ask_text(prompt, on_text)
  vim.ui.input({ prompt = prompt }, function(text)
    if text and vim.trim(text) ~= '' then
      on_text(text)
    end
  end)
end

---@class alfine.Choice
---@field label string
---@field act fun()

---@param prompt string
---@param choices alfine.Choice[]
local function ask_choice(prompt, choices)
  vim.ui.select(choices, {
    prompt = prompt,
    kind = 'alfine_choice',
    format_item = function(choice)
      return choice.label
    end,
  }, function(choice)
    if choice then
      choice.act()
    end
  end)
end

---@param word? string
---@return integer?
local function number(word)
  return word and word:match('^%d+$') and tonumber(word) or nil
end

---@param name string
---@param word? string
---@return boolean
local function is_number(name, word)
  if word and not number(word) then
    say.error(('Alfine: %s takes a number, and `%s` is none'):format(name, word))
    return false
  end
  return true
end

---Finds the task of a command that takes nothing else. What names no task must not stand for the one at the cursor.
---@param name string
---@param call alfine.Call
---@param on_task fun(task: alfine.Task)
local function resolve_alone(name, call, on_task)
  target.resolve(name, call, function(task, words)
    if words[1] then
      say.error(('Alfine: `%s` names no task; a key such as %s does'):format(words[1], task.view.task))
    else
      on_task(task)
    end
  end)
end

for _, name in ipairs({ 'pause', 'stop', 'merge' }) do
  subcommands[name] = {
    tasks = true,
    run = function(call)
      resolve_alone(name, call, function(task)
        send(task, name)
      end)
    end,
  }
end

---The flags of `start`, as on the command line, and what they take.
local FLAGS = {
  ['--agent'] = 'text',
  ['--context'] = 'text',
  ['--in-place'] = 'yes',
  ['--include-uncommitted'] = 'yes',
  ['--max-cost'] = 'number',
  ['--max-iterations'] = 'number',
  ['--model'] = 'text',
  ['--permissions'] = 'text',
  ['--single-task'] = 'yes',
}

---@param words string[]
---@return table? options
---@return string[]|string rest What is no flag; why not, where it cannot be read.
local function options_of(words)
  local options, rest, at = vim.empty_dict(), {}, 1
  while at <= #words do
    local flag, value = words[at]:match('^(%-%-[%w-]+)=(.*)$')
    flag = flag or words[at]
    flag = flag == '-i' and '--max-iterations' or flag
    local takes = FLAGS[flag]
    if takes and takes ~= 'yes' and not value then
      at = at + 1
      value = words[at]
    end
    if not takes then
      if vim.startswith(flag, '-') then
        return nil, ('Alfine: start has no option `%s`'):format(flag)
      end
      table.insert(rest, flag)
    elseif takes == 'yes' and value then
      return nil, ('Alfine: %s takes nothing'):format(flag)
    elseif takes == 'number' and not (value or ''):match('^%d*%.?%d+$') or takes == 'text' and not value then
      return nil, ('Alfine: %s takes a %s'):format(flag, takes)
    else
      local name = flag:sub(3):gsub('%-(%l)', string.upper)
      options[name] = takes == 'yes' or takes == 'number' and tonumber(value) or value
    end
    at = at + 1
  end
  return options, rest
end

---@param client vim.lsp.Client
---@param argument table
local function start(client, argument)
  if vim.tbl_isempty(argument.options) then
    argument.options = nil
  end
  perform(client, 'start', argument)
end

subcommands.start = {
  tasks = true,
  words = vim.list_extend({ 'all' }, vim.tbl_keys(FLAGS)),
  run = function(call)
    local options, rest = options_of(call.words)
    if not options then
      say.error(rest --[[@as string]])
      return
    end
    if rest[1] == 'all' then
      M.of_plan(function(client, uri)
        start(client, { uri = uri, options = options })
      end)
      return
    end
    call.words = rest --[[@as string[] ]]
    resolve_alone('start', call, function(task)
      if not task.view.uri then
        say.error(('Alfine: %s is in no plan any more'):format(task.view.task))
        return
      end
      start(task.client, { uri = task.view.uri, task = task.view.task, options = options })
    end)
  end,
}

---Calls back with the plan of the buffer; else with the picked one.
---@param on_plan fun(client: vim.lsp.Client, uri: string)
function M.of_plan(on_plan)
  local buffer = vim.api.nvim_get_current_buf()
  target.fresh(function()
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
    ask_choice('Alfine plan:', plans)
  end)
end

for name, command in pairs({ plan = 'plan', regenerate = 'regenerate', trust = 'trust' }) do
  subcommands[name] = {
    run = function()
      M.of_plan(function(client, uri)
        server.command(client, command, { uri = uri })
      end)
    end,
  }
end

---What another server says of some lines.
---@param first integer From 0.
---@param last integer
---@return lsp.Diagnostic?
local function other_diagnostic(first, last)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    local said = vim.tbl_get(diagnostic, 'user_data', 'lsp')
    if said and diagnostic.source ~= 'alfine' and diagnostic.lnum >= first and diagnostic.lnum <= last then
      return said
    end
  end
end

subcommands.here = {
  run = function(call)
    local client = server.of_buffer(vim.api.nvim_get_current_buf())
    if not client then
      say.error(server.none())
      return
    end
    local first, last = call.line1 - 1, call.line2 - 1
    local end_line = vim.api.nvim_buf_get_lines(0, last, last + 1, false)[1] or ''
    local argument = {
      uri = vim.uri_from_bufnr(0),
      range = {
        start = { line = first, character = 0 },
        ['end'] = { line = last, character = vim.str_utfindex(end_line, client.offset_encoding) },
      },
      diagnostic = other_diagnostic(first, last),
    }
    local prompt = table.concat(call.words, ' ')
    if prompt ~= '' or argument.diagnostic then
      argument.prompt = prompt ~= '' and prompt or nil
      perform(client, 'startHere', argument)
      return
    end
    ask_text('What is to be done here? ', function(text)
      argument.prompt = text
      perform(client, 'startHere', argument)
    end)
  end,
}

---What the server says at a task in its plan, where that is about this.
---@param task alfine.Task
---@param codes string A pattern for the diagnostic's code.
---@return string? code
---@return string words The task's reason where there is no such diagnostic.
local function words_at(task, codes)
  for _, diagnostic in ipairs(vim.diagnostic.get()) do
    local code = tostring(diagnostic.code)
    local data = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'data') or {}
    local is_its = data.task == task.view.task
      and (not data.uri or not task.view.uri or tasks.is_same_file(data.uri, task.view.uri))
    if diagnostic.source == 'alfine' and is_its and code:find(codes) then
      return code, diagnostic.message
    end
  end
  return nil, task.view.reason or task.view.title
end

---@param task alfine.Task
---@return boolean
local function tripped(task)
  return task.view.status == 'stopped'
    and vim.iter(task.view.breaker):any(function(line)
      return line.limit ~= nil and line.count >= line.limit
    end)
end

---@param task alfine.Task
local function ask_how_to_continue(task)
  local limit = math.max(task.view.maxIterations, task.view.iteration)
  local _, why = words_at(task, '^breaker%-')
  ask_choice(('%s: %s'):format(task.view.task, why), {
    {
      label = 'Continue',
      act = function()
        send(task, 'continue')
      end,
    },
    {
      label = ('Continue with 5 more iterations (up to %d)'):format(limit + 5),
      act = function()
        send(task, 'continue', { maxIterations = limit + 5 })
      end,
    },
    {
      label = 'Continue with another limit…',
      act = function()
        ask_text('Iterations at most: ', function(text)
          if is_number('the limit', text) then
            send(task, 'continue', { maxIterations = number(text) })
          end
        end)
      end,
    },
    {
      label = 'Reset the breaker and continue',
      act = function()
        send(task, 'continue', { resetBreaker = true })
      end,
    },
  })
end

subcommands.continue = {
  tasks = true,
  words = { '--reset-breaker', '+5' },
  run = function(call)
    target.resolve('continue', call, function(task, words)
      local more = vim.empty_dict()
      for _, word in ipairs(words) do
        local added = word:match('^%+(%d+)$')
        if word == '--reset-breaker' then
          more.resetBreaker = true
        elseif added then
          more.maxIterations = math.max(task.view.maxIterations, task.view.iteration) + tonumber(added)
        elseif is_number('continue', word) then
          more.maxIterations = number(word)
        else
          return
        end
      end
      if vim.tbl_isempty(more) and tripped(task) then
        ask_how_to_continue(task)
      else
        send(task, 'continue', more)
      end
    end)
  end,
}

subcommands.steer = {
  tasks = true,
  run = function(call)
    target.resolve('steer', call, function(task, words)
      if #words > 0 then
        send(task, 'steer', { text = table.concat(words, ' ') })
        return
      end
      ask_text(('A note for %s: '):format(task.view.task), function(text)
        send(task, 'steer', { text = text })
      end)
    end)
  end,
}

---@param task alfine.Task
local function ask_for_answer(task)
  local function in_words(more)
    ask_text('Answer: ', function(text)
      send(task, 'answer', vim.tbl_extend('error', { text = text }, more or {}))
    end)
  end
  local function choice(label, approved)
    return {
      label = label,
      act = function()
        send(task, 'answer', { approved = approved })
      end,
    }
  end
  local code, question = words_at(task, '^question$')
  if not code then
    code, question = words_at(task, '^approval%-needed$')
  end
  local title = ('%s: %s'):format(task.view.task, question)
  local words = { label = 'Answer…', act = in_words }
  if code == 'question' then
    ask_choice(title, { words })
  elseif code == 'approval-needed' then
    local refusal = {
      label = 'Reject, and say why…',
      act = function()
        in_words({ approved = false })
      end,
    }
    ask_choice(title, { choice('Approve', true), choice('Reject', false), refusal })
  else
    ask_choice(title, { words, choice('Approve', true), choice('Reject', false) })
  end
end

subcommands.answer = {
  tasks = true,
  words = { 'approve', 'reject' },
  run = function(call)
    target.resolve('answer', call, function(task, words)
      if #words == 1 and (words[1] == 'approve' or words[1] == 'reject') then
        send(task, 'answer', { approved = words[1] == 'approve' })
      elseif #words > 0 then
        send(task, 'answer', { text = table.concat(words, ' ') })
      else
        ask_for_answer(task)
      end
    end)
  end,
}

---@param name 'rewind' | 'fork'
---@param call alfine.Call
local function at_iteration(name, call)
  target.resolve(name, call, function(task, words)
    if not is_number(name, words[1]) then
      return
    end
    if words[1] then
      send(task, name, { iteration = number(words[1]) })
      return
    end
    local choices = {}
    for iteration = task.view.iteration, 0, -1 do
      table.insert(choices, {
        label = iteration == 0 and 'before the first iteration' or ('after iteration %d'):format(iteration),
        act = function()
          send(task, name, { iteration = iteration })
        end,
      })
    end
    ask_choice(('%s %s to where it was'):format(name == 'rewind' and 'Rewind' or 'Fork', task.view.task), choices)
  end)
end

for _, name in ipairs({ 'rewind', 'fork' }) do
  subcommands[name] = {
    tasks = true,
    run = function(call)
      at_iteration(name, call)
    end,
  }
end

subcommands.discard = {
  tasks = true,
  run = function(call)
    resolve_alone('discard', call, function(task)
      if call.bang then
        send(task, 'discard')
        return
      end
      ask_choice(('Throw the work on %s away? Its checkpoints stay.'):format(task.view.task), {
        {
          label = 'Discard',
          act = function()
            send(task, 'discard')
          end,
        },
        { label = 'Keep', act = function() end },
      })
    end)
  end,
}

subcommands.diff = {
  tasks = true,
  run = function(call)
    target.resolve('diff', call, function(task, words)
      if is_number('diff', words[1]) and is_number('diff', words[2]) then
        leave()
        send(task, 'showDiff', { iteration = number(words[1]), against = number(words[2]) })
      end
    end)
  end,
}

subcommands.transcript = {
  tasks = true,
  run = function(call)
    target.resolve('transcript', call, function(task, words)
      if is_number('transcript', words[1]) then
        leave()
        require('alfine.transcript').open(task, number(words[1]))
      end
    end)
  end,
}

subcommands.worktree = {
  tasks = true,
  run = function(call)
    resolve_alone('worktree', call, function(task)
      local worktree = task.view.worktree
      if not worktree or not vim.uv.fs_stat(worktree) then
        send(task, 'openWorktree')
        return
      end
      vim.cmd.tabnew()
      vim.cmd.tcd(vim.fn.fnameescape(worktree))
      vim.cmd.edit('.')
    end)
  end,
}

subcommands.log = {
  tasks = true,
  run = function(call)
    resolve_alone('log', call, function(task)
      leave()
      require('alfine.program').show({ 'log', task.view.task }, task.client.root_dir)
    end)
  end,
}

subcommands.init = {
  run = function()
    local root = vim.fs.root(0, '.git') or vim.fs.root(vim.uv.cwd() or 0, '.git')
    require('alfine.program').run({ 'init' }, root or vim.uv.cwd(), function(printed)
      say.info(printed)
      leave()
      vim.cmd.edit(vim.fn.fnameescape(vim.fs.joinpath(root or '.', 'PLAN.md')))
    end)
  end,
}

subcommands.tasks = {
  run = function()
    require('alfine.window').toggle()
  end,
}

subcommands.lens = {
  run = function()
    vim.lsp.codelens.run()
  end,
}

subcommands.restart = {
  run = function()
    server.restart()
  end,
}

subcommands.health = {
  run = function()
    vim.cmd.checkhealth('alfine')
  end,
}

---The names of the subcommands.
---@return string[]
function M.names()
  local names = vim.tbl_keys(subcommands)
  table.sort(names)
  return names
end

---Runs `:Alfine …`.
---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name = command.fargs[1] or 'tasks'
  local subcommand = subcommands[name]
  if not subcommand then
    say.error(('Alfine: there is no `:Alfine %s`. There are: %s'):format(name, table.concat(M.names(), ', ')))
    return
  end
  if vim.fn.getcmdwintype() ~= '' then
    say.error('Alfine: nothing can be opened from the command-line window; close it first (CTRL-C)')
    return
  end
  subcommand.run({
    words = vim.list_slice(command.fargs, 2),
    bang = command.bang,
    range = command.range,
    line1 = command.line1,
    line2 = command.line2,
  })
end

---Does what a code lens or a code action of the server says, where the plugin has more for it than the server: it asks
---for a text, and follows a transcript.
---@param command lsp.Command
---@param context { client_id: integer }
function M.execute(command, context)
  local name = command.command:match('^alfine%.(.*)$')
  local argument = (command.arguments or {})[1] or {}
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  local of = argument.task and { client = client.id, task = argument.task, uri = argument.uri }
  local asks = (name == 'answer' and argument.approved == nil or name == 'steer') and argument.text == nil
  if of and (asks or name == 'showTranscript') then
    target.fresh(function()
      local task = target.known(of)
      if not task then
        perform(client, name, argument)
      elseif name == 'showTranscript' then
        require('alfine.transcript').open(task, argument.iteration)
      else
        M.run_for(name, of)
      end
    end)
    return
  end
  perform(client, name, argument)
end

---Runs a subcommand for a task.
---@param name string
---@param of alfine.Of
function M.run_for(name, of)
  subcommands[name].run({ words = {}, bang = false, range = 0, line1 = 0, line2 = 0, task = of })
end

---@param candidates string[]
---@param lead string
---@return string[]
local function beginning_with(candidates, lead)
  return vim
    .iter(candidates)
    :filter(function(candidate)
      return vim.startswith(candidate, lead)
    end)
    :totable()
end

---Completes `:Alfine …`.
---@param lead string
---@param line string
---@param at integer
---@return string[]
function M.complete(lead, line, at)
  local before = line:sub(1, at)
  -- The command may be abbreviated, and stand behind a range or another command.
  local typed = before:match('%f[%a]Alf%a*!?%s+(.*)$') or ''
  local name = typed:match('^(%S+)%s')
  if not name then
    return beginning_with(M.names(), lead)
  end
  local subcommand = subcommands[name]
  if not subcommand then
    return {}
  end
  local candidates = {}
  -- A task stands right behind the subcommand.
  if subcommand.tasks and typed:match('^%S+%s+%S*$') then
    for _, task in ipairs(target.offered(name)) do
      table.insert(candidates, (vim.fn.escape(task.view.task, ' \\')))
    end
  end
  local words = vim.deepcopy(subcommand.words or {})
  table.sort(words)
  return beginning_with(vim.list_extend(candidates, words), lead)
end

return M
