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

return M
