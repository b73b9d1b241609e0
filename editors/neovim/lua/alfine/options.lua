-- Reads `vim.g.alfine`. A wrong value counts as not set, and `:checkhealth alfine` reports it.

local M = {}

---@type table<string, any>
local defaults = { server = 'alfine', lenses = true, notify = true, height = 15 }

---@return table<string, any>
local function given()
  local options = vim.g.alfine
  return type(options) == 'table' and options or {}
end

---@param name 'server' | 'lenses' | 'notify' | 'height'
function M.get(name)
  local value = given()[name]
  if type(value) == type(defaults[name]) then
    return value
  end
  return defaults[name]
end

---What is wrong with what the user set, a sentence each.
---@return string[]
function M.problems()
  if vim.g.alfine ~= nil and type(vim.g.alfine) ~= 'table' then
    return { 'vim.g.alfine is not a table.' }
  end
  local found = {}
  for name, value in vim.spairs(given()) do
    if defaults[name] == nil then
      local names = table.concat(vim.tbl_keys(defaults), ', ')
      table.insert(found, ('vim.g.alfine has no option `%s`; there are: %s.'):format(name, names))
    elseif type(value) ~= type(defaults[name]) then
      table.insert(found, ('vim.g.alfine.%s is not a %s.'):format(name, type(defaults[name])))
    end
  end
  return found
end

return M
