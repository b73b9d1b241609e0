-- Runs the plugin's tests: `nvim --headless --clean -l tests/suite.lua [NAME]`. Each test gets a Neovim of its own,
-- with a repository and the plugin in it, and ends it.

local here = vim.fs.dirname(vim.fs.abspath(arg[0]))
local plugin = vim.fs.dirname(here)
package.path = here .. '/?.lua;' .. package.path

local passed, failed, skipped = 0, 0, 0
local only = arg[1]

_G.suite = {
  here = here,
  plugin = plugin,
  ---@param name string What holds.
  ---@param body fun(child: table)
  ---@param options? table
  test = function(name, body, options)
    if only and not name:find(only, 1, true) then
      return
    end
    local child = require('child').new(options or {})
    local good, problem = xpcall(body, debug.traceback, child)
    local words = good and '' or child:words()
    child:close()
    if good then
      passed = passed + 1
      io.stdout:write('ok: ' .. name .. '\n')
    else
      failed = failed + 1
      io.stdout:write(('FAILED: %s\n%s\n%s\n'):format(name, problem, words))
    end
  end,
  skip = function(why)
    skipped = skipped + 1
    io.stdout:write('skipped: ' .. why .. '\n')
  end,
  eq = function(got, want)
    if not vim.deep_equal(got, want) then
      error(('got  %s\nwant %s'):format(vim.inspect(got), vim.inspect(want)), 2)
    end
  end,
}

for _, path in ipairs(vim.fn.sort(vim.fn.glob(here .. '/*_test.lua', true, true))) do
  dofile(path)
end
io.stdout:write('# Neovim ' .. tostring(vim.version()) .. '\n')
io.stdout:write(('%d passed, %d failed, %d skipped\n'):format(passed, failed, skipped))
vim.cmd(failed == 0 and 'qa!' or 'cq!')
