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

---Tells what the server says by itself. Neovim's own way ends it with a line break, and so with a prompt to go on.
---@param params lsp.ShowMessageParams
function M.of_server(params)
  local tell = ({ M.error, M.warn })[params.type] or M.info
  tell(params.message)
end

return M
