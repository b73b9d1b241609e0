-- What the plugin shows: lenses, the task window, transcripts, the statusline, calls for the user.

local test, eq = suite.test, suite.eq

---The lenses of the buffer, each with its line.
local LENSES = [[
  local new = vim.lsp.codelens.enable ~= nil
  local found = vim.tbl_map(function(it)
    local lens = it.lens or it
    return lens.range.start.line .. ' ' .. lens.command.title
  end, vim.lsp.codelens.get(new and { bufnr = 0 } or 0))
  table.sort(found)
  return found
]]

test('lenses are shown, and follow the tasks', function(child)
  child:set({ child:view('T1'), child:view('T2') })
  child:wait(("return vim.deep_equal((function() %s end)(), { '2 ready', '7 ready' })"):format(LENSES))
  child:set({ child:view('T1', { status = 'running' }) })
  child:wait(("return vim.deep_equal((function() %s end)(), { '2 running', '7 ready' })"):format(LENSES))
end)

test('lenses go with their server, and come with the next', function(child)
  local marks = [[
    local count = 0
    for name, namespace in pairs(vim.api.nvim_get_namespaces()) do
      if name:find('codelens') then
        count = count + #vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, {})
      end
    end
    return count
  ]]
  child:set({ child:view('T1') })
  child:wait(('return (function() %s end)() == 1'):format(marks))
  child:lua("vim.lsp.get_clients({ name = 'alfine' })[1]:request('fake/crash', {}, function() end)")
  child:wait_said('its language server ended')
  child:wait(('return (function() %s end)() == 0'):format(marks))
  child:command('Alfine restart')
  child:wait_for_server()
  child:set({ child:view('T1') })
  child:wait(('return (function() %s end)() == 1'):format(marks))
end)

test('a lens is run by :Alfine lens', function(child)
  child:set({ child:view('T1') })
  child:wait(('return #(function() %s end)() == 1'):format(LENSES))
  child:cursor(3)
  child:command('Alfine lens')
  eq(child:last_executed()[1], 'alfine.start')
end)

test('lenses are not asked for in other files', function(child)
  child:set({ child:view('T1') })
  child:wait("return #require('alfine').tasks() == 1")
  eq(child:fake('fake/seen').lenses, 0)
end, { open = 'main.lua' })

test('lenses can be switched off', function(child)
  child:lua('vim.g.alfine = { server = vim.g.alfine.server, lenses = false }')
  child:command('edit PLAN.md')
  child:wait_for_server()
  child:set({ child:view('T1') })
  child:wait("return #require('alfine').tasks() == 1")
  eq(child:fake('fake/seen').lenses, 0)
end, { open = 'main.lua' })

test('the task window shows plans and tasks, and follows them', function(child)
  local counters = { { label = 'no-change', shown = '2 of 3 (the tree is the same)' } }
  local summary = 'running · iteration 3 of 10 · 4 files · $0.42'
  child:set({
    child:view('T1', { status = 'running', iteration = 3, costUsd = 0.42, summary = summary, counters = counters }),
    child:view('T2', { status = 'stopped', reason = 'no change\nin three iterations' }),
  })
  child:command('Alfine')
  child:wait("return vim.bo.filetype == 'alfine' and vim.api.nvim_buf_line_count(0) == 4")
  eq(child:lines(), {
    'PLAN.md  0 of 2 done · $0.42',
    '  ● T1  Add the table  running · iteration 3 of 10 · 4 files · $0.42',
    '  ■ T2  Reject the expired  stopped',
    '      no change',
  })
  child:cursor(3)
  summary = 'done · iteration 3 of 10 · $0.50'
  child:set({ child:view('T1', { status = 'done', costUsd = 0.5, summary = summary, counters = counters }) })
  child:wait("return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == 'PLAN.md  1 of 2 done · $0.50'")
  child:cursor(2)
  child:keys('<Tab>')
  child:wait('return vim.api.nvim_buf_line_count(0) > 4')
  eq(vim.list_slice(child:lines(), 2, 5), {
    '  ✓ T1  Add the table  done · iteration 3 of 10 · $0.50',
    '      ○ It is there',
    '      no-change 2 of 3 (the tree is the same)',
    '      agent claude',
  })
end)

test('a server that is older than the plugin shows its tasks, and is told to be updated', function(child)
  local old = child:view('T1', { status = 'needs_input' })
  old.summary, old.needsYou, old.counters, old.offers = nil, nil, nil, nil
  child:set({ old })
  child:wait_said('update it: cargo install --path server/alfine')
  child:set({ old })
  child:command('Alfine')
  child:wait("return vim.bo.filetype == 'alfine' and vim.api.nvim_buf_line_count(0) == 2")
  eq(child:lines()[2], '  ? T1  Add the table  needs input')
  eq(#child:said(), 1)
end)

test('the cursor of the task window stays on its task', function(child)
  child:set({ child:view('T1'), child:view('T2') })
  child:command('Alfine tasks')
  child:wait('return vim.api.nvim_buf_line_count(0) == 3')
  child:cursor(3)
  child:set({ child:view('T1', { status = 'failed', reason = 'no git' }) })
  child:wait('return vim.api.nvim_buf_line_count(0) == 4')
  eq(child:lua('return vim.api.nvim_win_get_cursor(0)[1]'), 4)
  child:lua('vim.api.nvim_win_set_cursor(0, { 4, 6 })')
  child:set({ child:view('T1', { status = 'running' }) })
  child:wait('return vim.api.nvim_buf_line_count(0) == 3')
  eq(child:lua('return vim.api.nvim_win_get_cursor(0)'), { 3, 6 })
end)

test('keys of the task window are about its task', function(child)
  child:set({ child:view('T1', { status = 'running' }), child:view('T2', { status = 'done', iteration = 2 }) })
  child:command('Alfine tasks')
  child:wait('return vim.api.nvim_buf_line_count(0) == 3')
  child:cursor(3)
  child:keys('m')
  eq(child:last_executed(), { 'alfine.merge', { task = 'PLAN.md#T2', uri = child:plan() } })
  child:cursor(2)
  child:keys('p')
  child:wait('return #said == 2')
  eq(child:last_executed(), { 'alfine.pause', { task = 'PLAN.md#T1', uri = child:plan() } })
  child:keys('g?')
  child:wait("return vim.api.nvim_buf_get_lines(0, 0, 1, false)[1] == '<CR>    go to the task in its plan'")
  child:keys('g?')
  child:wait('return vim.api.nvim_buf_line_count(0) == 3')
  child:cursor(3)
  child:keys('<CR>')
  child:wait("return vim.fn.expand('%:t') == 'PLAN.md' and vim.api.nvim_win_get_cursor(0)[1] == 8")
  child:command('Alfine tasks')
  child:keys('q')
  child:wait('return #vim.api.nvim_list_wins() == 1')
end)

test('an empty task window says what to do', function(child)
  child:command('Alfine tasks')
  child:wait("return vim.bo.filetype == 'alfine'")
  eq(child:lines(), {
    'No task yet. Write a plan, such as PLAN.md with a heading `### T1: What is to be done`, or :Alfine init',
  })
end)

test('the transcript shows what the agent says, and follows it from iteration to iteration', function(child)
  local first = {
    { event = 'text', text = 'I add the table.\nThen I test.' },
    { event = 'tool_started', name = 'Bash', summary = 'cargo test' },
    { event = 'tool_finished', ok = false },
    { event = 'usage', input = 1 },
    { event = 'something new' },
    { event = 'text' },
  }
  child:set({ child:view('T1', { status = 'running', iteration = 1 }) }, { events = { first } })
  child:command('Alfine transcript PLAN.md#T1')
  child:wait('return vim.api.nvim_buf_line_count(0) == 5')
  eq(child:lines(), {
    '── iteration 1 ──',
    'I add the table.',
    'Then I test.',
    '● Bash cargo test',
    '  ✗ it failed',
  })
  eq(child:lua('return vim.api.nvim_win_get_cursor(0)[1]'), 5)
  child:set(
    { child:view('T1', { status = 'running', iteration = 2 }) },
    { events = { {}, { { event = 'text', text = 'Again.' } } } }
  )
  child:wait('return vim.api.nvim_buf_line_count(0) == 7')
  eq(vim.list_slice(child:lines(), 6), { '── iteration 2 ──', 'Again.' })
  eq(child:lua('return vim.api.nvim_win_get_cursor(0)[1]'), 7)
  child:cursor(2)
  child:fake('fake/set', { events = { {}, { { event = 'text', text = 'More.' } } } })
  child:wait('return vim.api.nvim_buf_line_count(0) == 8')
  eq(child:lua('return vim.api.nvim_win_get_cursor(0)[1]'), 2)
  child:command('Alfine pause')
  eq(child:last_executed(), { 'alfine.pause', { task = 'PLAN.md#T1', uri = child:plan() } })
end)

test('the transcript of one iteration has no other', function(child)
  local events = { { { event = 'text', text = 'one' } }, { { event = 'text', text = 'two' } } }
  child:set({ child:view('T1', { status = 'done', iteration = 2 }) }, { events = events })
  child:command('Alfine transcript PLAN.md#T1 1')
  child:wait('return vim.api.nvim_buf_line_count(0) == 2')
  eq(child:lines(), { '── iteration 1 ──', 'one' })
end)

---Shows the transcript of a running T1, of which these are the events by iteration.
local function transcript_of(child, events, view)
  child:set({ child:view('T1', vim.tbl_extend('error', { iteration = #events }, view)) }, { events = events })
  child:command('Alfine transcript PLAN.md#T1')
  child:wait("return vim.bo.filetype == 'alfine-transcript'")
end

test('the transcript of a loop that ended has all its iterations', function(child)
  local function says(text)
    return { { event = 'text', text = text } }
  end
  child:fake('fake/end')
  transcript_of(child, { says('one'), says('two'), says('three') }, { status = 'done' })
  child:wait('return vim.api.nvim_buf_line_count(0) == 6')
  eq(vim.list_slice(child:lines(), 4), { 'two', '── iteration 3 ──', 'three' })
end)

test('the transcript goes on with the loop that comes after', function(child)
  child:fake('fake/end')
  transcript_of(child, { { { event = 'text', text = 'old' } } }, { status = 'stopped', loopId = 'A' })
  child:wait('return vim.api.nvim_buf_line_count(0) == 2')
  child:set(
    { child:view('T1', { status = 'running', iteration = 1, loopId = 'B' }) },
    { events = { { { event = 'text', text = 'new' } } } }
  )
  child:wait("return vim.api.nvim_buf_get_lines(0, -2, -1, false)[1] == 'new'")
end)

test('the transcript shows words of more than one line', function(child)
  transcript_of(child, {
    {
      { event = 'retrying', reason = 'busy\ntwice' },
      { event = 'ended', outcome = { class = 'failed' }, message = 'a\nb' },
    },
  }, { status = 'running' })
  child:wait('return vim.api.nvim_buf_line_count(0) == 5')
  eq(child:lines(), { '── iteration 1 ──', '! tries again: busy', 'twice', '✗ ended: failed a', 'b' })
  eq(child:lua('return vim.bo.modifiable'), false)
end)

test('the transcript that another tab page shows is gone to', function(child)
  transcript_of(child, { {} }, { status = 'running' })
  local window = child:lua('return vim.api.nvim_get_current_win()')
  child:command('tabnew')
  child:command('Alfine transcript PLAN.md#T1')
  child:wait('return vim.fn.tabpagenr() == 1')
  eq(child:lua('return vim.api.nvim_get_current_win()'), window)
  eq(child:lua('return vim.v.errmsg'), '')
end)

test('the transcript follows the server that is started anew', function(child)
  transcript_of(child, { { { event = 'text', text = 'one' } } }, { status = 'running' })
  child:wait('return vim.api.nvim_buf_line_count(0) == 2')
  child:command('Alfine restart')
  child:wait("return #require('alfine.server').clients() == 1")
  child:set(
    { child:view('T1', { status = 'running', iteration = 1 }) },
    { events = { { { event = 'text', text = 'one' }, { event = 'text', text = 'two' } } } }
  )
  child:wait("return vim.api.nvim_buf_get_lines(0, -2, -1, false)[1] == 'two'")
  child:command('Alfine pause')
  eq(child:last_executed(), { 'alfine.pause', { task = 'PLAN.md#T1', uri = child:plan() } })
end)

test('a transcript has no timer where its loop is at rest', function(child)
  local timers = [[
    local count = 0
    vim.uv.walk(function(handle)
      count = count + (handle:get_type() == 'timer' and handle:is_active() and 1 or 0)
    end)
    return count
  ]]
  transcript_of(child, { { { event = 'text', text = 'one' } } }, { status = 'running' })
  child:wait('return vim.api.nvim_buf_line_count(0) == 2')
  child:set({ child:view('T1', { status = 'paused', iteration = 1 }) })
  -- What a command waits with ends too.
  child:wait(('return (function() %s end)() == 0'):format(timers))
end)

test('what the plugin shows is closed by q, also in the only window', function(child)
  child:set({ child:view('T1', { status = 'running', iteration = 1 }) })
  for _, name in ipairs({ 'tasks', 'transcript PLAN.md#T1', 'log PLAN.md#T1' }) do
    child:command('Alfine ' .. name)
    child:wait("return vim.startswith(vim.api.nvim_buf_get_name(0), 'alfine://')")
    child:keys('q')
    child:wait("return #vim.api.nvim_list_wins() == 1 and vim.fn.expand('%:t') == 'PLAN.md'")
    child:command('Alfine ' .. name)
    child:wait("return vim.startswith(vim.api.nvim_buf_get_name(0), 'alfine://')")
    child:command('only')
    child:keys('q')
    child:wait("return vim.fn.expand('%:t') == 'PLAN.md'")
  end
  eq(child:lua('return vim.v.errmsg'), '')
end)

test('the task window and a transcript come back after :bdelete, :edit and a session', function(child)
  local function is_whole()
    return [[
      local bo = vim.bo
      return bo.buftype == 'nofile' and not bo.modifiable and not bo.buflisted and vim.fn.maparg('q', 'n') ~= ''
        and vim.api.nvim_buf_get_lines(0, -2, -1, false)[1] ~= ''
    ]]
  end
  child:set(
    { child:view('T1', { status = 'running', iteration = 1 }) },
    { events = { { { event = 'text', text = 'one' } } } }
  )
  for _, case in ipairs({ { 'tasks', 'alfine' }, { 'transcript PLAN.md#T1', 'alfine-transcript' } }) do
    local name, filetype = unpack(case)
    local function opens()
      child:command('Alfine ' .. name)
      child:wait('return vim.bo.filetype == ...', filetype)
      child:wait(is_whole())
    end
    opens()
    child:command('edit')
    child:wait(is_whole())
    child:command('bdelete')
    opens()
    child:command('mksession! ' .. child.folder .. '/session.vim')
    child:command('silent! %bwipeout!')
    child:command('silent source ' .. child.folder .. '/session.vim')
    child:wait_for_server_of('PLAN.md')
    opens()
    eq(child:lua('return #vim.api.nvim_list_wins()'), 2)
    child:keys('q')
    child:wait('return #vim.api.nvim_list_wins() == 1')
  end
end)

test('nothing is opened in the task window', function(child)
  child:set({ child:view('T1', { status = 'running', iteration = 1 }) })
  for _, name in ipairs({ 'transcript', 'log' }) do
    child:command('Alfine tasks')
    child:cursor(2)
    local window = child:lua('return vim.api.nvim_get_current_win()')
    child:command('Alfine ' .. name)
    child:wait("return vim.api.nvim_buf_get_name(0):find('PLAN.md#T1', 1, true)")
    eq(child:lua('return vim.api.nvim_buf_get_name(vim.api.nvim_win_get_buf(...))', window), 'alfine://tasks')
    -- It is as wide as before.
    eq(child:lua('return vim.api.nvim_win_get_width(...) == vim.o.columns', window), true)
    child:command('silent! only')
    child:command('edit! PLAN.md')
  end
end)

test('what is opened takes the place of a file, and not of a transcript', function(child)
  transcript_of(child, { {} }, { status = 'done' })
  local function is_in_file()
    return child:lua("return vim.fn.expand('%:t')") == 'PLAN.md'
  end
  child:command('Alfine diff')
  child:last_executed()
  eq(is_in_file(), true)
  child:command('wincmd l')
  child:command('Alfine tasks')
  child:cursor(2)
  child:keys('d')
  child:wait("return vim.bo.filetype ~= 'alfine'")
  eq(is_in_file(), true)
end)

test('no status covers the line of the cursor', function(child)
  child:command('Alfine tasks')
  local covers = child:lua([[
    return vim.iter(require('alfine.status').groups):filter(function(group)
      return vim.api.nvim_get_hl(0, { name = group, link = false }).bg ~= nil
    end):totable()
  ]])
  eq(covers, {})
end)

test('a long title is cut, so that the status is seen', function(child)
  local summary = 'running · iteration 3 of 10 · $0.42'
  child:set({ child:view('T1', { title = ('日本 é '):rep(40), status = 'running', summary = summary }) })
  child:command('Alfine tasks')
  child:wait('return vim.api.nvim_buf_line_count(0) == 2')
  local function shown()
    return child:lua('return vim.fn.strdisplaywidth(vim.fn.getline(2))')
  end
  local columns = child:lua('return vim.o.columns')
  assert(shown() <= columns and shown() > columns - 3, shown())
  assert(vim.endswith(child:lines()[2], '…  running · iteration 3 of 10 · $0.42'), child:lines()[2])
  child:command('vsplit')
  child:wait('return vim.fn.strdisplaywidth(vim.fn.getline(2)) <= 60')
end)

test('the statusline counts what runs and what needs the user', function(child)
  local function statusline()
    return child:lua("return require('alfine').statusline()")
  end
  eq(statusline(), '')
  child:set({
    child:view('T1', { status = 'evaluating', costUsd = 0.4 }),
    child:view('T2', { status = 'needs_input', costUsd = 0.02 }),
  })
  child:wait("return require('alfine').statusline() ~= ''")
  eq(statusline(), 'Alfine: 1 running · 1 needs you · $0.42')
  child:set({ child:view('T1', { status = 'done' }) }, { removed = { 'PLAN.md#T2' } })
  child:wait("return require('alfine').statusline() == ''")
end)

test('two folders of one server may have the same task', function(child)
  local other = vim.uri_from_fname(child.repo .. '/other/PLAN.md')
  child:set({ child:view('T1', { status = 'running' }), child:view('T1', { status = 'running', uri = other }) })
  child:wait("return require('alfine').statusline() == 'Alfine: 2 running'")
  child:command('Alfine tasks')
  child:wait('return vim.api.nvim_buf_line_count(0) == 4')
  -- The other one's line comes last.
  child:cursor(4)
  child:keys('p')
  child:wait('return #said == 1')
  eq(child:last_executed(), { 'alfine.pause', { task = 'PLAN.md#T1', uri = other } })
  child:set(nil, { removedTasks = { { task = 'PLAN.md#T1', uri = other } } })
  child:wait("return require('alfine').statusline() == 'Alfine: 1 running'")
end)

test('the statusline counts once for each change', function(child)
  child:set({ child:view('T1', { status = 'running' }) })
  child:wait("return require('alfine').statusline() == 'Alfine: 1 running'")
  local counted = child:lua([[
    local tasks, count = require('alfine.tasks'), 0
    local all = tasks.all
    tasks.all = function()
      count = count + 1
      return all()
    end
    for _ = 1, 3 do
      require('alfine').statusline()
    end
    return count
  ]])
  eq(counted, 0)
end)

test('a loop that needs the user says so, once, and one that works does not', function(child)
  child:set({ child:view('T1', { status = 'stopped', reason = 'no change' }) })
  for _, status in ipairs({ 'running', 'evaluating', 'rework', 'paused', 'failed', 'failed' }) do
    child:set({ child:view('T1', { status = status, reason = status == 'failed' and 'no git' or nil }) })
  end
  child:wait_said('PLAN.md#T1')
  eq(child:said(), { 'PLAN.md#T1 failed: no git (:Alfine continue)' })
end)

test('what is told by itself takes one line, and says what to do', function(child)
  local reason = ('no change in the tree, and none outside of it; '):rep(8)
  child:set({ child:view('T1', { status = 'running' }) })
  child:set({ child:view('T1', { status = 'stopped', reason = reason }) })
  child:fake('fake/ask', { message = reason .. '\nand more', actions = { { title = 'Approve' } } })
  child:wait('return #said == 2')
  for at, ending in ipairs({ '… (:Alfine continue)', '… (:Alfine answer)' }) do
    local words = child:said()[at]
    assert(vim.endswith(words, ending), words)
    assert(child:lua('return vim.fn.strdisplaywidth(...) <= vim.v.echospace', words), words)
  end
  eq(child:lua("return require('alfine').tasks()[1].reason"), reason)
end)

test('what a loop asks is told, and opens no menu below the hands of the user', function(child)
  child:fake('fake/ask', { message = 'PLAN.md#T1 asks: Percent?', actions = { { title = 'Write an answer' } } })
  child:wait_said('PLAN.md#T1 asks: Percent? (:Alfine answer)')
  child:fake('fake/ask', { message = 'PLAN.md#T1 cannot go on: log in', actions = { { title = 'Continue' } } })
  child:wait_said('PLAN.md#T1 cannot go on: log in (:Alfine continue)')
  eq(child:asked(), {})
  eq(child:wait('return #vim.lsp.get_clients() == 1'), true)
  child:wait_answers({ vim.NIL, vim.NIL })
end)

test('what the server says is told as it is, by its importance', function(child)
  child:fake('fake/tell', { type = 1, message = 'The database cannot be read' })
  child:fake('fake/tell', { type = 3, message = 'T1 is ticked' })
  child:wait('return #said == 2')
  eq(child:lua('return said'), {
    { 'The database cannot be read', vim.log.levels.ERROR },
    { 'T1 is ticked', vim.log.levels.INFO },
  })
end)

test('what a command has to ask opens a menu', function(child)
  child:set({ child:view('T1') })
  child:fake('fake/ask_at_command', { message = 'Allow it?', actions = { { title = 'Allow' }, { title = 'Cancel' } } })
  child:answer('Allow')
  child:command('Alfine start PLAN.md#T1')
  child:wait_said('PLAN.md#T1: running')
  eq(child:asked(), { { 'Allow it?', { 'Allow', 'Cancel' } } })
  child:wait_answers({ { title = 'Allow' } })
end)

test('what a command has to ask waits until the user does not type', function(child)
  child:set({ child:view('T1') })
  child:fake('fake/ask_at_command', { message = 'Allow it?', actions = { { title = 'Allow' }, { title = 'Cancel' } } })
  child:answer('Cancel')
  child:keys('i')
  child:wait("return vim.api.nvim_get_mode().mode == 'i'")
  child:lua("require('alfine').run('start', 'PLAN.md#T1')")
  child:wait_said('Alfine has a question, as soon as you are in Normal mode')
  eq(child:asked(), {})
  child:keys('<C-O>:')
  child:wait("return vim.api.nvim_get_mode().mode == 'c'")
  eq(child:asked(), {})
  child:keys('<Esc><Esc>')
  child:wait('return #asked == 1')
  child:wait_answers({ { title = 'Cancel' } })
end)

test('calls can be switched off', function(child)
  child:lua('vim.g.alfine = { server = vim.g.alfine.server, notify = false }')
  child:set({ child:view('T1', { status = 'running' }) })
  child:set({ child:view('T1', { status = 'failed' }) })
  child:wait("return (require('alfine').tasks()[1] or {}).status == 'failed'")
  eq(child:said(), {})
end)

test('every change is an event of its own for others', function(child)
  child:lua([[
    vim.api.nvim_create_autocmd('User', {
      pattern = 'AlfineTasksChanged',
      callback = function() _G.heard = #require('alfine').tasks() end,
    })
  ]])
  child:set({ child:view('T1'), child:view('T2') })
  child:wait('return heard == 2')
end)
