-- What happens when a server begins to serve a buffer.

local M = {}

---@type table<integer, true>
local met = {}

---@param client vim.lsp.Client
local function meet(client)
  met[client.id] = true
  local mismatch = require('alfine.server').mismatch(client)
  if mismatch then
    vim.notify_once(mismatch, vim.log.levels.WARN, { title = 'Alfine' })
  end
  require('alfine.tasks').fetch(client)
end

---@param client vim.lsp.Client
---@param buffer integer
function M.attach(client, buffer)
  if not met[client.id] then
    meet(client)
  end
  require('alfine.lenses').attach(client, buffer)
end

return M
