-- How the server is found, started, missed and mourned.

local test, eq = suite.test, suite.eq

test('a file of a repository gets the server, which is asked for the tasks', function(child)
  local initialize = vim.iter(child:fake('fake/seen').messages):find(function(message)
    return message.method == 'initialize'
  end)
  eq(initialize.params.initializationOptions, { tasks = true, tasksVersion = 2 })
  eq(initialize.params.rootUri, vim.uri_from_fname(child.repo))
  eq(child:lua("return vim.lsp.get_clients({ name = 'alfine' })[1].config.filetypes == nil"), true)
end)

test('the start of Neovim loads nothing but what says what there is', function(child)
  local loaded = child:lua([[
    return vim.tbl_filter(function(name) return vim.startswith(name, 'alfine') end, vim.tbl_keys(package.loaded))
  ]])
  eq(loaded, { 'alfine.protocol' })
  eq(child:lua('return vim.g.loaded_alfine'), true)
end, { open = false })

test('a file outside of any repository gets no server, and a command says why', function(child)
  child:command('Alfine pause')
  eq(child:said(), { 'Alfine: this is not in a git repository. Open a file of one, or run `git init`' })
end, { git = false, attach = false })

test('a missing program is told once, with what to do', function(child)
  local words = child:wait_said('is not there')
  eq(
    words,
    'Alfine: the program `no-such-alfine` is not there. Install it (`cargo install --path server/alfine` in a '
      .. "checkout of Alfine), or name it: vim.g.alfine = { server = '/path/to/alfine' }. Then :Alfine restart"
  )
  child:edit('main.lua')
  child:command('Alfine pause')
  child:wait('return #said == 2')
  eq(child:said(), { words, words })
end, { g = { server = 'no-such-alfine' }, attach = false })

test('a program of another version is told', function(child)
  eq(
    child:wait_said('version 0.2.7'),
    'Alfine: the program is version 0.2.7 and the plugin is 0.1.0, so some of it may not work. Update the plugin'
  )
end, { env = { FAKE_VERSION = '0.2.7' } })

test('a program of the same version, but for the last number, is not told', function(child)
  eq(child:said(), {})
end, { env = { FAKE_VERSION = '0.1.9' } })

test('a server that ends at once is told, with what to do', function(child)
  local words = child:wait_said('its language server ended')
  assert(words:find('(exit status 2). Loops go on without it. :Alfine restart', 1, true), words)
end, { env = { FAKE_EXIT = '2' }, attach = false })

test('a server that crashes is told, and :Alfine restart brings it back with the tasks', function(child)
  child:set({ child:view('T1') })
  child:wait("return #require('alfine').tasks() == 1")
  child:command('Alfine tasks')
  child:lua("vim.lsp.get_clients({ name = 'alfine' })[1]:request('fake/crash', {}, function() end)")
  child:wait_said('its language server ended (exit status 3)')
  assert(vim.startswith(child:lines()[1], 'Alfine: no language server runs.'), child:lines()[1])
  child:keys('q')
  child:wait("return vim.fn.expand('%:t') == 'PLAN.md'")
  eq(child:lua("return require('alfine').tasks()"), {})
  child:command('Alfine pause')
  child:wait_said('or start it anew with :Alfine restart')
  child:command('Alfine restart')
  child:wait_for_server()
  child:set({ child:view('T1') })
  child:wait("return #require('alfine').tasks() == 1")
end)

test('a program that cannot be run is told in a sentence', function(child)
  child:write('broken', '#!/no/such/interpreter\n')
  assert(vim.uv.fs_chmod(child.folder .. '/broken', 493))
  child:lua('vim.g.alfine = { server = ... }', child.folder .. '/broken')
  child:edit('PLAN.md')
  child:command('Alfine init')
  for _, words in ipairs(child:said()) do
    assert(
      vim.startswith(words, ('Alfine: the program %s/broken cannot be run. Install it'):format(child.folder)),
      words
    )
  end
  eq(#child:said(), 2)
  child:command('checkhealth alfine')
  local text = table.concat(child:lines(), '\n')
  assert(text:find('ERROR `' .. child.folder .. '/broken --version` does not work', 1, true), text)
end, { open = false })

---Does something, and lets the stopped server go on so that it can end.
local function stopped(child, body)
  local pid = child:lua('return vim.api.nvim_get_proc_children(vim.fn.getpid())[1]')
  vim.uv.kill(pid, 'sigstop')
  local good, problem = pcall(body)
  vim.uv.kill(pid, 'sigcont')
  assert(good, problem)
  assert(
    vim.wait(5000, function()
      return vim.uv.kill(pid, 0) ~= 0
    end, 20),
    'it lives on'
  )
end

test('a server that does not answer is told, and :Alfine restart brings another', function(child)
  stopped(child, function()
    child:command('Alfine pause')
    child:wait_said('Alfine: the language server does not answer. :Alfine restart starts it anew')
    child:command('Alfine restart')
    child:wait_for_server()
    child:wait("return #require('alfine.server').clients() == 1")
    child:command('Alfine tasks')
    child:command('Alfine pause')
    child:wait_said('Alfine: there is no task here')
  end)
end)

test('a server that does not answer keeps nobody from the others', function(child)
  child:write('other/PLAN.md', '# Other\n')
  vim.fn.mkdir(child.folder .. '/other/.git', 'p')
  child:command('edit ' .. child.folder .. '/other/PLAN.md')
  child:wait_for_server()
  child:lua(
    [[
      local second = vim.lsp.get_clients({ name = 'alfine' })[2]
      assert(second:request_sync('fake/set', { tasks = { ... } }, 5000))
    ]],
    child:view('T7', { uri = vim.uri_from_fname(child.folder .. '/other/PLAN.md') })
  )
  stopped(child, function()
    child:command('Alfine pause PLAN.md#T7')
    child:wait_said('PLAN.md#T7 pauses')
    child:command('Alfine restart')
  end)
end)

test('a server that never comes to answer is told, and :Alfine restart brings another', function(child)
  child:write(
    'slow',
    ('#!/bin/sh\n[ -e "%s/again" ] && exec "%s" "$@"\ntouch "%s/again"\nexec sleep 1000\n'):format(
      child.folder,
      child.server,
      child.folder
    )
  )
  assert(vim.uv.fs_chmod(child.folder .. '/slow', 493))
  child:lua('vim.g.alfine = { server = ... }', child.folder .. '/slow')
  child:edit('PLAN.md')
  child:command('Alfine pause')
  eq(child:said(), { 'Alfine: its language server does not answer yet. If that lasts, :Alfine restart' })
  child:wait('return vim.uv.fs_stat(...) ~= nil', child.folder .. '/again')
  child:command('Alfine restart')
  child:wait_for_server()
  eq(child:lua("return #vim.lsp.get_clients({ name = 'alfine', _uninitialized = true })"), 1)
end, { open = false })

test('leaving Neovim ends the server without a word', function(child)
  local pid = child:lua([[
    local client = vim.lsp.get_clients({ name = 'alfine' })[1]
    return assert(client:request_sync('alfine/tasks', vim.empty_dict(), 1000)) and vim.fn.getpid()
  ]])
  local servers = vim.api.nvim_get_proc_children(pid)
  eq(#servers, 1)
  child:close()
  assert(
    vim.wait(5000, function()
      return vim.uv.kill(servers[1], 0) ~= 0
    end, 20),
    'the server lives on'
  )
end)

test('a file in the worktree of a loop belongs to the server that knows the loop', function(child)
  local worktree = child.folder .. '/worktrees/T1'
  vim.fn.mkdir(worktree, 'p')
  vim.fn.writefile({ 'gitdir: elsewhere' }, worktree .. '/.git')
  vim.fn.writefile({ 'x' }, worktree .. '/made.lua')
  child:set({ child:view('T1', { status = 'running', worktree = worktree }), child:view('T2') })
  child:wait("return #require('alfine').tasks() == 2")
  child:command('edit ' .. worktree .. '/made.lua')
  child:wait_for_server()
  eq(child:lua("return #vim.lsp.get_clients({ name = 'alfine' })"), 1)
  child:command('Alfine pause')
  eq(child:last_executed(), { 'alfine.pause', { task = 'PLAN.md#T1', uri = child:plan() } })
end)

test('each repository has its server, and a command goes to that of its task', function(child)
  child:write('other/PLAN.md', '# Other\n\n### T1: Elsewhere\n')
  vim.fn.mkdir(child.folder .. '/other/.git', 'p')
  child:set({ child:view('T1') })
  child:command('edit ' .. child.folder .. '/other/PLAN.md')
  child:wait_for_server()
  local roots = child:lua([[
    return vim.tbl_map(function(client) return client.root_dir end, vim.lsp.get_clients({ name = 'alfine' }))
  ]])
  eq(roots, { child.repo, child.folder .. '/other' })
  -- Both know a task of this key; the one of the buffer is meant.
  child:lua(
    [[
      local second = vim.lsp.get_clients({ name = 'alfine' })[2]
      assert(second:request_sync('fake/set', { tasks = { ... } }, 5000))
    ]],
    child:view('T1', { uri = vim.uri_from_fname(child.folder .. '/other/PLAN.md') })
  )
  child:wait("return #require('alfine').tasks() == 2")
  child:command('Alfine pause PLAN.md#T1')
  child:wait_said('PLAN.md#T1 pauses')
  eq(child:executed(), {})
  child:edit('PLAN.md')
  child:command('Alfine stop PLAN.md#T1')
  eq(child:last_executed(), { 'alfine.stop', { task = 'PLAN.md#T1', uri = child:plan() } })
end)

test('a wrong option counts as not set and is told by :checkhealth', function(child)
  child:command('checkhealth alfine')
  local text = table.concat(child:lines(), '\n')
  assert(text:find('vim.g.alfine.height is not a number.', 1, true), text)
  assert(text:find('vim.g.alfine has no option `sever`', 1, true), text)
end, { g = { height = 'tall', sever = 'x' }, attach = false })

test(':checkhealth tells what runs, what needs the user, and what to do', function(child)
  child:set({
    child:view('T1', { status = 'running', summary = 'running · iteration 3 of 10 · 4 files · $0.42' }),
    child:view('T2', { status = 'stopped', iteration = 3, reason = 'no change' }),
  })
  child:command('checkhealth alfine')
  local text = table.concat(child:lines(), '\n')
  for _, words in ipairs({
    'OK the language server is enabled',
    'OK git: git version 2',
    'ERROR claude: claude cannot be run',
    'install it: npm install',
    'PLAN.md#T1: running · iteration 3 of 10 · 4 files · $0.42',
    'WARNING PLAN.md#T2 stopped: no change\n  - ADVICE:\n    - :Alfine continue',
  }) do
    assert(text:find(words, 1, true), words .. '\nis not in\n' .. text)
  end
end)
