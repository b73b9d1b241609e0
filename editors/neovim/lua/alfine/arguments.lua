-- Reads the words behind a subcommand: numbers, and the flags of `start`.

local say = require('alfine.say')

local M = {}

---@param word? string
---@return integer?
function M.number(word)
  return word and word:match('^%d+$') and tonumber(word) or nil
end

---@param name string
---@param word? string
---@return boolean
function M.is_number(name, word)
  if word and not M.number(word) then
    say.error(('Alfine: %s takes a number, and `%s` is none'):format(name, word))
    return false
  end
  return true
end

---The flags of `start`, as on the command line, and what they take.
local FLAGS = {
  ['--agent'] = 'text',
  ['--branch'] = 'yes',
  ['--budget'] = 'number',
  ['--context'] = 'text',
  ['--in-place'] = 'yes',
  ['--include-uncommitted'] = 'yes',
  ['--max-cost'] = 'number',
  ['--max-iterations'] = 'number',
  ['--max-parallel'] = 'number',
  ['--model'] = 'text',
  ['--permissions'] = 'text',
  ['--single-task'] = 'yes',
}

---The names of the flags of `start`.
---@return string[]
function M.flags()
  return vim.tbl_keys(FLAGS)
end

---Reads the flags of `start`.
---@param words string[]
---@return table? options
---@return string[]|string rest The arguments that are not flags, or why they cannot be read.
function M.options(words)
  local options, rest, at = vim.empty_dict(), {}, 1
  while at <= #words do
    local flag, value = words[at]:match('^(%-%-[%w-]+)=(.*)$')
    flag = flag or words[at]
    flag = flag == '-i' and '--max-iterations' or flag == '-j' and '--max-parallel' or flag
    local takes = FLAGS[flag]
    if takes and takes ~= 'yes' and not value then
      at = at + 1
      value = words[at]
    end
    if not takes then
      if vim.startswith(flag, '-') then
        return nil, ('Alfine: start has no option `%s`'):format(flag)
      end
      table.insert(rest, flag)
    elseif takes == 'yes' and value then
      return nil, ('Alfine: %s takes nothing'):format(flag)
    elseif takes == 'number' and not (value or ''):match('^%d*%.?%d+$') or takes == 'text' and not value then
      return nil, ('Alfine: %s takes a %s'):format(flag, takes)
    else
      local name = flag:sub(3):gsub('%-(%l)', string.upper)
      options[name] = takes == 'yes' or takes == 'number' and tonumber(value) or value
    end
    at = at + 1
  end
  return options, rest
end

return M
