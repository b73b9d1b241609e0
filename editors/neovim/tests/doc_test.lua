-- The help: its tags are good, and it tells of all that there is.

local test, eq = suite.test, suite.eq

local function read(path)
  return table.concat(vim.fn.readfile(suite.plugin .. '/' .. path), '\n')
end

test('the help has good tags, and each of its links leads somewhere', function(child)
  local doc = child.folder .. '/doc'
  vim.fn.mkdir(doc, 'p')
  vim.fn.writefile(vim.fn.readfile(suite.plugin .. '/doc/alfine.txt'), doc .. '/alfine.txt')
  child:command('helptags ' .. doc)
  local tags = {}
  for _, path in ipairs({ doc .. '/tags', child:lua('return vim.env.VIMRUNTIME') .. '/doc/tags' }) do
    for _, line in ipairs(vim.fn.readfile(path)) do
      tags[line:match('^[^\t]+')] = true
    end
  end
  for link in read('doc/alfine.txt'):gmatch('[%s(]|([^|%s]+)|') do
    assert(tags[link], link .. ' leads nowhere')
  end
end)

test('the help tells of every subcommand, and of no other', function(child)
  local told = {}
  for name in read('doc/alfine.txt'):gmatch('%*:Alfine%-(%a+)%*') do
    table.insert(told, name)
  end
  table.sort(told)
  eq(told, child:lua("return require('alfine.command').names()"))
end)

test('the help tells of every key of the task window', function(child)
  local told = read('doc/alfine.txt'):match('4%. THE TASK WINDOW.-5%. MAPPINGS')
  child:command('Alfine tasks')
  local keys = child:lua([[
    return vim.tbl_map(function(key)
      return { lhs = key.lhs, desc = key.desc }
    end, vim.api.nvim_buf_get_keymap(0, 'n'))
  ]])
  assert(#keys > 10)
  for _, key in ipairs(keys) do
    local name = key.lhs:gsub('<lt>', '<')
    local words = key.desc:gsub('^Alfine: ', '')
    local line = ('\n    %-7s %s\n'):format(name, words)
    assert(told:find(line, 1, true), line .. ' is not told')
  end
end)

test('the help tells of every mapping', function(child)
  local told = read('doc/alfine.txt')
  local maps = child:lua([[
    return vim.tbl_map(function(map) return map.lhs end, vim.api.nvim_get_keymap('n'))
  ]])
  for _, lhs in ipairs(maps) do
    assert(not vim.startswith(lhs, '<Plug>(alfine-') or told:find(lhs, 1, true), lhs .. ' is not told')
  end
  for lhs in told:gmatch('<Plug>%(alfine%-%a+%)') do
    assert(vim.list_contains(maps, lhs), lhs .. ' is told, but not there')
  end
end)

test('the help tells of every option and highlight group', function()
  local told = read('doc/alfine.txt')
  local defaults = read('lua/alfine/options.lua'):match('local defaults = (%b{})')
  local count = 0
  for name, value in pairs(assert(loadstring('return ' .. defaults))()) do
    local shown = type(value) == 'string' and ("'%s'"):format(value) or tostring(value)
    assert(told:find(('\n      %s = %s,'):format(name, shown), 1, true), name .. ' is not told')
    count = count + 1
  end
  eq(count, 4)
  for group in read('lua/alfine/status.lua'):gmatch('\n  (Alfine%a+) = ') do
    assert(told:find(group, 1, true), group .. ' is not told')
  end
end)

test('every flag of start is told', function()
  local told = read('doc/alfine.txt'):match('%*:Alfine%-start%*.-%*:Alfine%-here%*')
  for flag in read('lua/alfine/arguments.lua'):match('local FLAGS = (%b{})'):gmatch('%-%-[%w-]+') do
    assert(told:find(flag, 1, true), flag .. ' is not told')
  end
end)
