-- The subcommands that steer a loop: pause, stop, continue, a note, an answer.

local arguments = require('alfine.arguments')
local ask = require('alfine.ask')
local send = require('alfine.send')
local status = require('alfine.status')
local target = require('alfine.target')
local tasks = require('alfine.tasks')

---@type table<string, alfine.Subcommand>
local M = {}

---The server's diagnostic at a task in its plan, if it is about this.
---@param task alfine.Task
---@param codes string A pattern for the diagnostic's code.
---@return string? code
---@return string words The task's reason if there is no such diagnostic.
local function words_at(task, codes)
  for _, diagnostic in ipairs(vim.diagnostic.get()) do
    local code = tostring(diagnostic.code)
    local data = vim.tbl_get(diagnostic, 'user_data', 'lsp', 'data') or {}
    local is_its = data.task == task.view.task
      and (not data.uri or not task.view.uri or tasks.is_same_file(data.uri, task.view.uri))
    if diagnostic.source == 'alfine' and is_its and code:find(codes) then
      return code, diagnostic.message
    end
  end
  return nil, task.view.reason or task.view.title
end

---Whether the breaker holds the loop: only then does the server offer to reset it.
---@param task alfine.Task
---@return boolean
local function tripped(task)
  return vim.iter(status.offered('continue', task.view)):any(function(offer)
    return offer.argument.resetBreaker == true
  end)
end

---@param task alfine.Task
local function ask_how_to_continue(task)
  local _, why = words_at(task, '^breaker%-')
  local choices = vim
    .iter(status.offered('continue', task.view))
    :map(function(offer)
      return {
        label = offer.title,
        act = function()
          send.to_server(task.client, 'continue', offer.argument)
        end,
      }
    end)
    :totable()
  table.insert(choices, {
    label = 'Continue with another limit…',
    act = function()
      ask.text('Iterations at most: ', function(text)
        if arguments.is_number('the limit', text) then
          send.for_task(task, 'continue', { maxIterations = arguments.number(text) })
        end
      end)
    end,
  })
  ask.choice(('%s: %s'):format(task.view.task, why), choices)
end

M.continue = {
  tasks = true,
  words = { '--reset-breaker', '+5' },
  run = function(call)
    target.resolve('continue', call, function(task, words)
      local more = vim.empty_dict()
      for _, word in ipairs(words) do
        local added = word:match('^%+(%d+)$')
        if word == '--reset-breaker' then
          more.resetBreaker = true
        elseif added then
          more.maxIterations = math.max(task.view.maxIterations, task.view.iteration) + tonumber(added)
        elseif arguments.is_number('continue', word) then
          more.maxIterations = arguments.number(word)
        else
          return
        end
      end
      if vim.tbl_isempty(more) and tripped(task) then
        ask_how_to_continue(task)
      else
        send.for_task(task, 'continue', more)
      end
    end)
  end,
}

M.steer = {
  tasks = true,
  run = function(call)
    target.resolve('steer', call, function(task, words)
      if #words > 0 then
        send.for_task(task, 'steer', { text = table.concat(words, ' ') })
        return
      end
      ask.text(('A note for %s: '):format(task.view.task), function(text)
        send.for_task(task, 'steer', { text = text })
      end)
    end)
  end,
}

---@param task alfine.Task
local function ask_for_answer(task)
  local function in_words(more)
    ask.text('Answer: ', function(text)
      send.for_task(task, 'answer', vim.tbl_extend('error', { text = text }, more or {}))
    end)
  end
  local function choice(label, approved, merge)
    return {
      label = label,
      act = function()
        send.for_task(task, 'answer', { approved = approved, merge = merge })
      end,
    }
  end
  local yes = { choice('Approve', true) }
  if status.may_merge(task.view) then
    table.insert(yes, 1, choice('Approve and merge', true, true))
  end
  local code, question = words_at(task, '^question$')
  if not code then
    code, question = words_at(task, '^approval%-needed$')
  end
  local title = ('%s: %s'):format(task.view.task, question)
  local words = { label = 'Answer…', act = in_words }
  if code == 'question' then
    ask.choice(title, { words })
  elseif code == 'approval-needed' then
    local refusal = {
      label = 'Reject, and say why…',
      act = function()
        in_words({ approved = false })
      end,
    }
    ask.choice(title, vim.list_extend(yes, { choice('Reject', false), refusal }))
  else
    ask.choice(title, vim.list_extend(vim.list_extend({ words }, yes), { choice('Reject', false) }))
  end
end

M.answer = {
  tasks = true,
  words = { 'approve', 'reject' },
  run = function(call)
    target.resolve('answer', call, function(task, words)
      if #words == 1 and (words[1] == 'approve' or words[1] == 'reject') then
        send.for_task(task, 'answer', { approved = words[1] == 'approve' })
      elseif #words > 0 then
        send.for_task(task, 'answer', { text = table.concat(words, ' ') })
      else
        ask_for_answer(task)
      end
    end)
  end,
}

return M
