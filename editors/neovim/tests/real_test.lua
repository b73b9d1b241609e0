-- The plugin on the real program, with a scripted agent beside it. ALFINE_BIN names the program.

local test, eq = suite.test, suite.eq

local program = vim.env.ALFINE_BIN
local agent = program and vim.fs.joinpath(vim.fs.dirname(program), 'fake-agent')
if not program or not vim.uv.fs_stat(agent) then
  suite.skip('the real program: name it with ALFINE_BIN; `fake-agent` has to lie beside it')
  return
end

local PLAN = [[
# Greeting

### T1: Greet by name

Acceptance criteria:
- [ ] It greets by name: `test "$(sh greet.sh Ada)" = "Hello, Ada!"`

### T2: Greet the world

Acceptance criteria:
- [ ] It greets the world
]]

local GREET = { write = { path = 'greet.sh', content = 'echo "Hello, $1!"\n' } }

---A test with a repository, and an agent that plays these runs.
local function played(name, runs, body)
  test(name, body, {
    server = program,
    files = { ['PLAN.md'] = PLAN, ['greet.sh'] = 'echo Hi\n' },
    prepare = function(child)
      child:git('init', '-q')
      child:git('add', '-A')
      child:git('commit', '-q', '-m', 'first')
      child:write('scenario.json', vim.json.encode({ runs = runs }))
      child:write(
        'config/alfine/config.toml',
        table.concat({
          '[limits]',
          'no_change = 1',
          '[proof]',
          'unproven = "take"',
          '[agents.claude]',
          ('command = "%s"'):format(agent),
          '[agents.claude.env]',
          ('FAKE_AGENT_SCENARIO = "%s/scenario.json"'):format(child.folder),
          ('FAKE_AGENT_LOG = "%s/agent.log"'):format(child.folder),
        }, '\n')
      )
    end,
  })
end

---Waits until a task is in a status.
local function wait_status(child, id, status)
  child:wait(
    [[
      local id, status = ...
      return vim.iter(require('alfine').tasks()):any(function(view)
        return view.id == id and view.status == status
      end)
    ]],
    id,
    status
  )
end

played('a task goes from its plan to its merge', {
  { { text = 'I write it.' }, GREET, { gate = { ready = true } }, { result = { cost = 0.05 } } },
}, function(child)
  wait_status(child, 'T1', 'ready')
  eq(
    child:lua([[
      return vim.tbl_map(function(view) return { view.task, view.range.start.line } end, require('alfine').tasks())
    ]]),
    { { 'PLAN.md#T1', 2 }, { 'PLAN.md#T2', 7 } }
  )
  child:cursor(3)
  child:answer('Allow')
  child:command('Alfine start')
  wait_status(child, 'T1', 'done')
  local asked = child:asked()
  eq(asked[1][2], { 'Allow', 'Show', 'Cancel' })
  assert(asked[1][1]:find('test "$(sh greet.sh Ada)"', 1, true), asked[1][1])

  local criterion = child:lua([[
    for _, view in ipairs(require('alfine').tasks()) do
      if view.id == 'T1' then return { view.proof, view.criteria[1].state, view.criteria[1].proof.why } end
    end
  ]])
  eq({ criterion[1], criterion[2] }, { 'proven', 'proven' })
  assert(criterion[3]:find('^proven: red at the base, green in %x+$'), criterion[3])

  child:command('Alfine transcript PLAN.md#T1')
  child:wait("return vim.tbl_contains(vim.api.nvim_buf_get_lines(0, 0, -1, false), 'I write it.')")
  child:command('close')
  child:command('Alfine diff PLAN.md#T1')
  child:wait("return vim.bo.filetype == 'diff'")
  assert(vim.list_contains(child:lines(), '+echo "Hello, $1!"'))
  child:edit('greet.sh')
  child:command('split ' .. child.repo .. '/PLAN.md')
  child:command('Alfine merge PLAN.md#T1')
  wait_status(child, 'T1', 'merged')
  eq(child:read('repo/greet.sh'), 'echo "Hello, $1!"\n')
  -- What is shown is what was merged.
  child:wait("return vim.fn.getbufline('greet.sh', 1)[1] == 'echo \"Hello, $1!\"'")
  child:wait("return vim.api.nvim_buf_get_lines(0, 5, 6, false)[1]:find('[x]', 1, true)")
end)

played('from nothing to a running loop: a first plan, and its start', {
  { { wait_for = 'go' }, { gate = { ready = true } }, { result = {} } },
}, function(child)
  child:command('enew')
  child:command('bwipeout! PLAN.md')
  vim.fn.delete(child.repo .. '/PLAN.md')
  child:git('commit', '-q', '-a', '-m', 'no plan')
  child:command('Alfine init')
  child:wait("return vim.fn.expand('%:t') == 'PLAN.md'")
  wait_status(child, 'T1', 'ready')
  child:answer('Allow')
  child:cursor(6)
  child:command('Alfine start')
  wait_status(child, 'T1', 'running')
  child:command('Alfine stop')
  wait_status(child, 'T1', 'stopped')
  child:wait('return #said == 3')
  -- Who stopped it needs not be told to continue it.
  assert(not table.concat(child:said(), '\n'):find(':Alfine continue', 1, true))
end)

played('a breaker stops a loop, says so at the task, and lets it go on when told to', {
  { { text = 'I look around.' }, { gate = { ready = false } }, { result = {} } },
  { GREET, { gate = { ready = true } }, { result = {} } },
}, function(child)
  wait_status(child, 'T1', 'ready')
  child:answer('Allow')
  child:command('Alfine start PLAN.md#T1')
  wait_status(child, 'T1', 'stopped')
  child:wait_said('PLAN.md#T1 stopped')
  child:wait([[
    return vim.iter(vim.diagnostic.get(0)):any(function(it)
      return it.lnum == 2 and it.code == 'breaker-no-change' and it.source == 'alfine'
    end)
  ]])
  child:answer('Reset the breaker and continue')
  child:command('Alfine continue PLAN.md#T1')
  wait_status(child, 'T1', 'done')
  child:wait('return #vim.diagnostic.get(0, { lnum = 2 }) == 0')
end)

played('a question is answered in words, and the agent gets them', {
  { GREET, { gate = { ready = false, question = 'Ada or Grace?' } }, { result = {} } },
  { { write = { path = 'b', content = 'b' } }, { gate = { ready = true } }, { result = {} } },
}, function(child)
  wait_status(child, 'T1', 'ready')
  child:answer('Allow')
  child:command('Alfine start PLAN.md#T1')
  wait_status(child, 'T1', 'needs_input')
  child:wait([[
    return vim.iter(vim.diagnostic.get(0)):any(function(it) return it.code == 'question' end)
  ]])
  child:wait_said('PLAN.md#T1 asks: Ada or Grace? (:Alfine answer)')
  child:answer('Answer…', 'Ada, of course')
  child:command('Alfine answer PLAN.md#T1')
  wait_status(child, 'T1', 'done')
  local asked = child:asked()
  assert(asked[2][1]:find('Ada or Grace?', 1, true), vim.inspect(asked))
  eq(asked[2][2], { 'Answer…' })
  assert(child:read('agent.log'):find('Ada, of course', 1, true), 'the agent did not get the answer')
end)

played('what cannot be is refused with what to do, and a start that is not allowed starts nothing', {
  { { gate = { ready = true } }, { result = {} } },
}, function(child)
  wait_status(child, 'T1', 'ready')
  child:command('Alfine pause PLAN.md#T1')
  child:wait_said('PLAN.md#T1')
  child:answer('Cancel')
  child:command('Alfine start PLAN.md#T1')
  child:wait('return #asked == 1')
  child:wait('return #said == 2')
  wait_status(child, 'T1', 'ready')
  eq(vim.uv.fs_stat(child.folder .. '/agent.log'), nil)
end)

played('a loop outlives its server, and the next one knows it', {
  { { wait_for = 'go' }, GREET, { gate = { ready = true } }, { result = {} } },
}, function(child)
  wait_status(child, 'T1', 'ready')
  child:answer('Allow')
  child:command('Alfine start PLAN.md#T1')
  wait_status(child, 'T1', 'running')
  local worktree = child:wait("return require('alfine').tasks()[1].worktree")
  child:lua("vim.uv.kill(vim.api.nvim_get_proc_children(vim.fn.getpid())[1], 'sigkill')")
  child:wait_said('its language server ended (signal 9)')
  child:command('Alfine restart')
  wait_status(child, 'T1', 'running')
  vim.fn.writefile({}, worktree .. '/go')
  wait_status(child, 'T1', 'done')
end)

played(':checkhealth tells what the program finds', {}, function(child)
  child:command('checkhealth alfine')
  local text = table.concat(child:lines(), '\n')
  for _, words in ipairs({ 'OK git: git version', 'OK repository: ', '2 tasks', 'OK serves ' .. child.repo }) do
    assert(text:find(words, 1, true), words .. '\nis not in\n' .. text)
  end
end)
