-- Runs the program itself, for what the language server has no request for.

local own = require('alfine.own')
local say = require('alfine.say')
local server = require('alfine.server')

local M = {}

---Runs it in a folder and calls back with what it printed. If it fails, its message is shown.
---@param arguments string[]
---@param folder string
---@param on_text fun(text: string)
function M.run(arguments, folder, on_text)
  local program = server.program()
  if not program then
    say.error(server.missing())
    return
  end
  local command = vim.list_extend({ program }, arguments)
  local how = { cwd = folder, text = true, env = { NO_COLOR = '1' } }
  local started = pcall(vim.system, command, how, function(done)
    vim.schedule(function()
      if done.code ~= 0 then
        say.error(vim.trim(done.stderr ~= '' and done.stderr or done.stdout))
      else
        on_text(vim.trim(done.stdout))
      end
    end)
  end)
  if not started then
    say.error(server.broken(program))
  end
end

---Runs it in a folder and shows what it printed.
---@param arguments string[]
---@param folder string
function M.show(arguments, folder)
  M.run(arguments, folder, function(text)
    local buffer = own.buffer('alfine://' .. table.concat(arguments, '/'), 'wipe')
    own.write(buffer, 0, vim.split(text, '\n'))
    local shown = vim.fn.bufwinid(buffer)
    if shown ~= -1 then
      vim.api.nvim_set_current_win(shown)
    else
      vim.cmd('rightbelow split')
      vim.api.nvim_win_set_buf(0, buffer)
    end
    vim.api.nvim_win_set_cursor(0, { vim.api.nvim_buf_line_count(buffer), 0 })
  end)
end

return M
