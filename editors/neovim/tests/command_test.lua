-- What `:Alfine …` sends, asks and says.

local test, eq = suite.test, suite.eq

local function with_tasks(child, first, second)
  child:set({ child:view('T1', first), child:view('T2', second) })
end

test('start starts the task at the cursor', function(child)
  with_tasks(child)
  child:cursor(10)
  child:command('Alfine start')
  eq(child:last_executed(), {
    'alfine.start',
    { uri = vim.uri_from_fname(child.repo .. '/PLAN.md'), task = 'PLAN.md#T2' },
  })
  child:wait_said('PLAN.md#T2: running')
end)

test('start takes the flags of the command line', function(child)
  with_tasks(child)
  child:command('Alfine start PLAN.md#T1 --agent codex --max-iterations=5 --max-cost 0.5 --single-task')
  eq(child:last_executed()[2].options, { agent = 'codex', maxIterations = 5, maxCost = 0.5, singleTask = true })
end)

test('start refuses what is no flag, and sends nothing', function(child)
  with_tasks(child)
  child:command('Alfine start PLAN.md#T1 --agnet codex')
  child:command('Alfine start PLAN.md#T1 --max-iterations many')
  child:command('Alfine start PLAN.md#T1 --max-cost inf')
  child:command('Alfine start PLAN.md#T1 --in-place=no')
  eq(child:said(), {
    'Alfine: start has no option `--agnet`',
    'Alfine: --max-iterations takes a number',
    'Alfine: --max-cost takes a number',
    'Alfine: --in-place takes nothing',
  })
  eq(child:executed(), {})
end)

test('start all starts the whole plan', function(child)
  with_tasks(child)
  child:command('Alfine start all')
  eq(child:last_executed(), { 'alfine.start', { uri = vim.uri_from_fname(child.repo .. '/PLAN.md') } })
end)

test('each command of a task goes out with its key', function(child)
  with_tasks(child, { status = 'running', iteration = 2 })
  for _, name in ipairs({ 'pause', 'stop', 'merge', 'rework' }) do
    child:command(('Alfine %s PLAN.md#T1'):format(name))
  end
  child:wait('return #said == 4')
  eq(child:said(), {
    'PLAN.md#T1 pauses when its iteration is over',
    'PLAN.md#T1 stops',
    'PLAN.md#T1 lands once its checks hold on the branch as it is now',
    'PLAN.md#T1 is worked on again',
  })
  eq(child:executed(), {
    { 'alfine.pause', { task = 'PLAN.md#T1', uri = child:plan() } },
    { 'alfine.stop', { task = 'PLAN.md#T1', uri = child:plan() } },
    { 'alfine.merge', { task = 'PLAN.md#T1', uri = child:plan() } },
    { 'alfine.rework', { task = 'PLAN.md#T1', uri = child:plan() } },
  })
end)

test('without a task at the cursor, those are offered for which the command makes sense', function(child)
  with_tasks(child, { status = 'running', summary = 'running · iteration 3 of 10 · $0.42' }, { status = 'done' })
  child:cursor(1)
  child:answer('PLAN.md#T1 Add the table  (running · iteration 3 of 10 · $0.42)')
  child:command('Alfine pause')
  eq(child:last_executed(), { 'alfine.pause', { task = 'PLAN.md#T1', uri = child:plan() } })
  eq(child:asked(), {
    { 'Alfine pause:', { 'PLAN.md#T1 Add the table  (running · iteration 3 of 10 · $0.42)' } },
  })
end)

test('where no task fits, that is said', function(child)
  with_tasks(child)
  child:cursor(1)
  child:command('Alfine merge')
  child:wait_said('Alfine: there is no task to merge')
end)

test('a task that no plan has is told, and nothing is sent', function(child)
  with_tasks(child)
  child:command('Alfine pause PLAN.md#T9')
  child:wait_said('Alfine: no plan has the task PLAN.md#T9')
  eq(child:executed(), {})
end)

test('what names no task does not stand for the one at the cursor', function(child)
  with_tasks(child, { status = 'done' }, { status = 'done' })
  child:cursor(3)
  for _, line in ipairs({ 'merge T2', 'start T2', 'log T2', 'worktree T2' }) do
    child:command('Alfine ' .. line)
  end
  child:command('Alfine! discard T2')
  child:wait('return #said == 5')
  for _, words in ipairs(child:said()) do
    eq(words, 'Alfine: `T2` names no task; a key such as PLAN.md#T1 does')
  end
  eq(child:executed(), {})
end)

test('a command is about the task that was at the cursor when it was given', function(child)
  with_tasks(child, { status = 'done' }, { status = 'done' })
  child:cursor(3)
  child:keys(':Alfine merge<CR>G')
  eq(child:last_executed(), { 'alfine.merge', { task = 'PLAN.md#T1', uri = child:plan() } })
end)

test('what the server refuses is shown as it is', function(child)
  with_tasks(child)
  child:fake('fake/fail', { message = 'PLAN.md#T1 does not run. Start it: alfine run PLAN.md#T1' })
  child:command('Alfine pause PLAN.md#T1')
  child:wait_said('PLAN.md#T1 does not run. Start it: alfine run PLAN.md#T1')
  eq(#child:said(), 1)
end)

test('continue asks how where the breaker tripped', function(child)
  local function offer(title, more)
    local argument = vim.tbl_extend('error', { task = 'PLAN.md#T1', uri = child:plan() }, more)
    return { command = 'alfine.continue', argument = argument, title = title, short = title, next = false }
  end
  local offers = {
    offer('Continue with 5 more iterations, 15 in all', { maxIterations = 15 }),
    offer('Reset the breaker and continue', { resetBreaker = true }),
  }
  with_tasks(child, { status = 'stopped', reason = 'no change', iteration = 10, offers = offers })
  child:answer('Continue with 5 more iterations, 15 in all')
  child:command('Alfine continue PLAN.md#T1')
  eq(child:last_executed(), { 'alfine.continue', { task = 'PLAN.md#T1', uri = child:plan(), maxIterations = 15 } })
  local choices = { offers[1].title, offers[2].title, 'Continue with another limit…' }
  eq(child:asked(), { { 'PLAN.md#T1: no change', choices } })
end)

test('continue takes a limit, more iterations, and the reset of the breaker', function(child)
  with_tasks(child, { status = 'stopped', iteration = 10 })
  for _, case in ipairs({
    { '12', { maxIterations = 12 } },
    { '+3', { maxIterations = 13 } },
    { '--reset-breaker', { resetBreaker = true } },
    { '', {} },
  }) do
    child:command('Alfine continue PLAN.md#T1 ' .. case[1])
    child:wait('return table.remove(said) ~= nil')
    eq(child:last_executed()[2], vim.tbl_extend('error', { task = 'PLAN.md#T1', uri = child:plan() }, case[2]))
  end
  child:command('Alfine continue PLAN.md#T1 soon')
  child:wait_said('Alfine: continue takes a number, and `soon` is none')
  eq(#child:executed(), 4)
end)

test('steer takes a note with its words, or asks for it', function(child)
  with_tasks(child, { status = 'running' })
  child:command('Alfine steer PLAN.md#T1 use the Money type')
  eq(
    child:last_executed(),
    { 'alfine.steer', { task = 'PLAN.md#T1', uri = child:plan(), text = 'use the Money type' } }
  )
  child:answer('not that one')
  child:command('Alfine steer PLAN.md#T1')
  child:wait('return #asked == 1')
  eq(child:last_executed()[2].text, 'not that one')
  child:answer('   ')
  child:command('Alfine steer PLAN.md#T1')
  child:wait('return #asked == 2')
  eq(#child:executed(), 2)
end)

test('answer approves, rejects, or answers in words', function(child)
  with_tasks(child, { status = 'needs_input', reason = 'SQLite or files?' })
  for _, case in ipairs({
    { 'approve', { approved = true } },
    { 'reject', { approved = false } },
    { 'SQLite, please', { text = 'SQLite, please' } },
  }) do
    child:command('Alfine answer PLAN.md#T1 ' .. case[1])
    child:wait('return table.remove(said) ~= nil')
    eq(child:last_executed()[2], vim.tbl_extend('error', { task = 'PLAN.md#T1', uri = child:plan() }, case[2]))
  end
  child:answer('Answer…', 'files')
  child:command('Alfine answer PLAN.md#T1')
  child:wait('return table.remove(said) ~= nil')
  eq(child:last_executed()[2].text, 'files')
  eq(child:asked()[1], { 'PLAN.md#T1: SQLite or files?', { 'Answer…', 'Approve', 'Reject' } })
end)

test('answer offers what the question is for', function(child)
  with_tasks(child, { status = 'needs_input', reason = 'Percent?' })
  for _, case in ipairs({
    { 'question', { 'Answer…' } },
    { 'approval-needed', { 'Approve', 'Reject', 'Reject, and say why…' } },
  }) do
    local code, offered = unpack(case)
    child:lua(
      [[
        _G.asked = {}
        vim.diagnostic.set(vim.api.nvim_create_namespace('ours'), 0, {
          { lnum = 2, col = 0, message = 'The agent asks: Percent?', source = 'alfine', code = ...,
            user_data = { lsp = { data = { task = 'PLAN.md#T1' } } } },
        })
      ]],
      code
    )
    child:command('Alfine answer PLAN.md#T1')
    child:wait('return #asked == 1')
    eq(child:asked(), { { 'PLAN.md#T1: The agent asks: Percent?', offered } })
  end
  local sent = { task = 'PLAN.md#T1', uri = child:plan() }
  local merge = vim.tbl_extend('error', sent, { approved = true, merge = true })
  with_tasks(child, {
    status = 'needs_input',
    reason = 'Is it done?',
    offers = {
      {
        command = 'alfine.answer',
        argument = merge,
        title = 'Approve and merge into main',
        short = 'Approve and merge',
      },
      { command = 'alfine.answer', argument = sent, title = 'Approve', short = 'Approve' },
    },
  })
  child:answer('Approve and merge')
  child:command('Alfine answer PLAN.md#T1')
  child:wait('return table.remove(said) ~= nil')
  eq(child:last_executed()[2], merge)
  child:answer('Reject, and say why…', 'round it')
  child:command('Alfine answer PLAN.md#T1')
  child:wait('return table.remove(said) ~= nil')
  eq(child:last_executed()[2], { task = 'PLAN.md#T1', uri = child:plan(), approved = false, text = 'round it' })
end)

test('a lens or an action that lacks its text asks for it', function(child)
  with_tasks(child, { status = 'needs_input', reason = 'Percent?' })
  child:answer('Answer…', 'percent')
  child:lua([[
    local client = vim.lsp.get_clients({ name = 'alfine' })[1]
    client:exec_cmd({ command = 'alfine.answer', arguments = { { task = 'PLAN.md#T1' } } })
  ]])
  eq(child:last_executed(), { 'alfine.answer', { task = 'PLAN.md#T1', uri = child:plan(), text = 'percent' } })
  child:fake('fake/fail', { message = 'PLAN.md#T1 does not run' })
  child:lua([[
    local client = vim.lsp.get_clients({ name = 'alfine' })[1]
    client:exec_cmd({ command = 'alfine.pause', arguments = { { task = 'PLAN.md#T1' } } })
  ]])
  child:wait_said('PLAN.md#T1 does not run')
end)

test('rewind and fork offer the iterations there were', function(child)
  with_tasks(child, { status = 'paused', iteration = 2 })
  child:answer('before the first iteration')
  child:command('Alfine rewind PLAN.md#T1')
  eq(child:last_executed(), { 'alfine.rewind', { task = 'PLAN.md#T1', uri = child:plan(), iteration = 0 } })
  eq(child:asked()[1][2], { 'after iteration 2', 'after iteration 1', 'before the first iteration' })
  child:command('Alfine fork PLAN.md#T1 1')
  child:wait('return #said == 2')
  eq(child:last_executed(), { 'alfine.fork', { task = 'PLAN.md#T1', uri = child:plan(), iteration = 1 } })
end)

test('discard asks first, and does not with a bang', function(child)
  with_tasks(child, { status = 'done' })
  child:answer('Keep')
  child:command('Alfine discard PLAN.md#T1')
  child:wait('return #asked == 1')
  eq(child:executed(), {})
  child:command('Alfine! discard PLAN.md#T1')
  eq(child:last_executed(), { 'alfine.discard', { task = 'PLAN.md#T1', uri = child:plan() } })
end)

test('diff takes an iteration and one to compare with', function(child)
  with_tasks(child, { status = 'done', iteration = 3 })
  child:command('Alfine diff PLAN.md#T1 3 1')
  eq(
    child:last_executed(),
    { 'alfine.showDiff', { task = 'PLAN.md#T1', uri = child:plan(), iteration = 3, against = 1 } }
  )
end)

test('here starts a loop on lines, with what another server says of them', function(child)
  child:edit('main.lua')
  child:wait_for_server()
  child:answer('print more')
  child:command('1,2Alfine here')
  local uri = vim.uri_from_fname(child.repo .. '/main.lua')
  local range = { start = { line = 0, character = 0 }, ['end'] = { line = 1, character = 8 } }
  eq(child:last_executed(), { 'alfine.startHere', { uri = uri, range = range, prompt = 'print more' } })

  child:lua([[
    local range = { start = { line = 1, character = 0 }, ['end'] = { line = 1, character = 5 } }
    vim.diagnostic.set(vim.api.nvim_create_namespace('other'), 0, {
      { lnum = 1, col = 0, message = 'bad', source = 'other',
        user_data = { lsp = { range = range, message = 'bad', source = 'other' } } },
    })
  ]])
  child:command('2Alfine here')
  child:wait('return #said == 2')
  eq(child:last_executed()[2].diagnostic.message, 'bad')
  eq(child:last_executed()[2].prompt, nil)
end)

test('here is refused where there is no file of a repository', function(child)
  for _, line in ipairs({ 'help', 'enew', 'Alfine tasks' }) do
    child:command(line)
    child:command('Alfine here do it')
  end
  child:wait('return #said == 3')
  for _, words in ipairs(child:said()) do
    assert(vim.startswith(words, 'Alfine: this is no file of a repository'), words)
  end
  eq(child:executed(), {})
end)

test('here knows the server of a file that has no type', function(child)
  child:edit('notes')
  child:command('Alfine here do it')
  eq(child:last_executed()[2].uri, vim.uri_from_fname(child.repo .. '/notes'))
end, { files = { ['PLAN.md'] = '', ['notes'] = 'x' } })

test('trust is about the plan of the buffer; elsewhere the plans are offered', function(child)
  with_tasks(child)
  local uri = vim.uri_from_fname(child.repo .. '/PLAN.md')
  child:command('Alfine trust')
  eq(child:last_executed(), { 'alfine.trust', { uri = uri } })
  child:edit('main.lua')
  child:wait_for_server()
  child:answer('PLAN.md')
  child:command('Alfine trust')
  child:wait('return #asked == 1')
  eq(#child:executed(), 2)
  eq(child:last_executed(), { 'alfine.trust', { uri = uri } })
end)

test('worktree opens the worktree in a tab page of its own', function(child)
  with_tasks(child, { status = 'running', worktree = child.folder })
  child:command('Alfine worktree PLAN.md#T1')
  child:wait('return vim.fn.tabpagenr() == 2')
  eq(child:lua('return vim.fn.getcwd()'), child.folder)
end)

test('log shows what the program prints of a task', function(child)
  with_tasks(child, { status = 'running' })
  child:command('Alfine log PLAN.md#T1')
  child:wait("return vim.api.nvim_buf_get_name(0) == 'alfine://log/PLAN.md#T1'")
  eq(child:lines(), { 'log of PLAN.md#T1' })
end)

test('init has the program write a first plan and opens it', function(child)
  child:command('Alfine init')
  child:wait("return vim.fn.expand('%:t') == 'PLAN.md'")
  eq(child:lines(), { '# First plan' })
end, { files = { ['main.lua'] = '' }, open = 'main.lua' })

test('an unknown subcommand is told, with those that there are', function(child)
  child:command('Alfine dance')
  local words = child:said()[1]
  assert(
    vim.startswith(
      words,
      'Alfine: there is no `:Alfine dance`. There are: answer, check, continue, continuePlan, diff,'
    ),
    words
  )
end)

test('the command-line window is told to be closed first', function(child)
  child:keys('q:')
  child:wait("return vim.fn.getcmdwintype() ~= ''")
  child:command('Alfine tasks')
  eq(child:said(), { 'Alfine: nothing can be opened from the command-line window; close it first (CTRL-C)' })
end)

test('completion offers subcommands, the tasks that fit, and flags', function(child)
  with_tasks(child, { status = 'running' }, { status = 'done' })
  child:wait("return #require('alfine').tasks() == 2")
  local function complete(line)
    return child:lua("return vim.fn.getcompletion(..., 'cmdline')", line)
  end
  eq(complete('Alfine st'), { 'start', 'steer', 'stop', 'stopPlan' })
  eq(complete('Alfine pause '), { 'PLAN.md#T1' })
  eq(complete('Alfine merge '), { 'PLAN.md#T2' })
  eq(complete('Alfine start --max'), { '--max-cost', '--max-iterations', '--max-parallel' })
  eq(complete('Alfine continue PLAN.md#T1 --'), { '--reset-breaker' })
  eq(complete('Alfine dance '), {})
  eq(complete('Alf pause '), { 'PLAN.md#T1' })
  eq(complete('silent! 1,2Alf! merge '), { 'PLAN.md#T2' })
end)

test('there is no key map of its own, and each <Plug> mapping is a subcommand', function(child)
  local maps = child:lua([[
    local found = {}
    for _, mode in ipairs({ 'n', 'x', 'i', 'o' }) do
      for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
        if (map.rhs or ''):find('Alfine') then table.insert(found, { map.lhs, map.rhs }) end
      end
    end
    return found
  ]])
  local names = child:lua("return require('alfine.command').names()")
  assert(#maps > 10)
  for _, map in ipairs(maps) do
    local name = map[1]:match('^<Plug>%(alfine%-(%a+)%)$')
    assert(vim.list_contains(names, name), vim.inspect(map))
  end
end)
