-- What the server asks by itself. Only what belongs to a command of the user's opens a menu; the rest is told, since a
-- menu would take the keys of whoever is typing.

local options = require('alfine.options')
local say = require('alfine.say')

local M = {}

---Answers `window/showMessageRequest`.
---@param params lsp.ShowMessageRequestParams
---@param context { client_id: integer }
---@return lsp.MessageActionItem | vim.NIL
function M.ask(params, context)
  local thread, is_main = coroutine.running()
  if not require('alfine.server').is_busy(context.client_id) or not thread or is_main then
    M.tell(params)
    return vim.NIL
  end
  vim.ui.select(params.actions or {}, {
    prompt = params.message,
    kind = 'alfine_question',
    format_item = function(action)
      return action.title
    end,
  }, function(chosen)
    -- A menu may answer before this comes to the yield.
    vim.schedule(function()
      coroutine.resume(thread, chosen or vim.NIL)
    end)
  end)
  return coroutine.yield()
end

---Tells a question, and how it is answered.
---@param params lsp.ShowMessageRequestParams
function M.tell(params)
  if not options.get('notify') then
    return
  end
  local answer = vim.iter(params.actions or {}):any(function(action)
    return action.title == 'Continue'
  end) and ':Alfine continue' or ':Alfine answer'
  say.warn(('%s (%s)'):format(vim.split(params.message, '\n')[1], answer))
end

return M
