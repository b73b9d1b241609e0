-- Tells the user something, in the way that they set up for all of Neovim.

local M = {}

---@param level integer
local function teller(level)
  ---@param message string
  return function(message)
    vim.notify(message, level, { title = 'Alfine' })
  end
end

M.info = teller(vim.log.levels.INFO)
M.warn = teller(vim.log.levels.WARN)
M.error = teller(vim.log.levels.ERROR)

---A text in so many columns.
---@param text string
---@param columns integer
---@return string
function M.cut(text, columns)
  if vim.fn.strdisplaywidth(text) <= columns then
    return text
  end
  return vim.fn.printf(('%%.%dS…'):format(math.max(0, columns - 1)), text)
end

---Tells what comes by itself, in one line: a prompt to go on would take the keys of whoever is typing.
---@param level integer
---@param message string
---@param command string What to do about it; this is never cut.
function M.aside(level, message, command)
  local ending = (' (%s)'):format(command)
  local first = vim.split(message, '\n')[1]
  vim.notify(M.cut(first, vim.v.echospace - vim.fn.strdisplaywidth(ending)) .. ending, level, { title = 'Alfine' })
end

---Tells what the server says by itself. Neovim's own way ends it with a line break, and so with a prompt to go on.
---@param params lsp.ShowMessageParams
function M.of_server(params)
  local tell = ({ M.error, M.warn })[params.type] or M.info
  tell(params.message)
end

return M
