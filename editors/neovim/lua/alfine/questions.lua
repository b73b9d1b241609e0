-- What the server asks by itself. Only what belongs to a command of the user's opens a menu; the rest is told, since a
-- menu would take the keys of whoever is typing.

local options = require('alfine.options')
local say = require('alfine.say')

local M = {}

---The first choices of what loops ask. It may come while a command of the user's is still worked on.
local OF_LOOPS = { Approve = true, Continue = true, ['Write an answer'] = true }

---Whether a question belongs to what the user just began.
---@param params lsp.ShowMessageRequestParams
---@param client_id integer
---@return boolean
local function is_expected(params, client_id)
  local first = (params.actions or {})[1]
  return require('alfine.server').is_busy(client_id) and first ~= nil and not OF_LOOPS[first.title]
end

---Whether keys go into a text or a prompt, so that a menu would take them for an answer.
---@return boolean
local function is_typing()
  return vim.api.nvim_get_mode().mode:find('^[iRcts]') ~= nil
end

---Does something as soon as the user does not type.
---@param act fun()
local function when_idle(act)
  if not is_typing() then
    act()
    return
  end
  say.warn('Alfine has a question, as soon as you are in Normal mode')
  vim.api.nvim_create_autocmd('ModeChanged', {
    callback = function()
      if is_typing() then
        return false
      end
      vim.schedule(function()
        when_idle(act)
      end)
      return true
    end,
  })
end

---Answers `window/showMessageRequest`.
---@param params lsp.ShowMessageRequestParams
---@param context { client_id: integer }
---@return lsp.MessageActionItem | vim.NIL
function M.ask(params, context)
  local thread, is_main = coroutine.running()
  if not is_expected(params, context.client_id) or not thread or is_main then
    M.tell(params)
    return vim.NIL
  end
  when_idle(function()
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
  end)
  return coroutine.yield()
end

---Tells a question, and how it is answered.
---@param params lsp.ShowMessageRequestParams
function M.tell(params)
  if not options.get('notify') then
    return
  end
  local first = (params.actions or {})[1]
  local answer = first and first.title == 'Continue' and ':Alfine continue' or ':Alfine answer'
  say.aside(vim.log.levels.WARN, params.message, answer)
end

return M
