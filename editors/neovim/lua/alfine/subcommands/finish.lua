-- The subcommands that end a loop or turn it back: merge, discard, rewind, fork.

local arguments = require('alfine.arguments')
local ask = require('alfine.ask')
local send = require('alfine.send')
local target = require('alfine.target')

---@type table<string, alfine.Subcommand>
local M = {}

M.discard = {
  tasks = true,
  run = function(call)
    target.resolve_alone('discard', call, function(task)
      if call.bang then
        send.for_task(task, 'discard')
        return
      end
      ask.choice(('Throw the work on %s away? Its checkpoints stay.'):format(task.view.task), {
        {
          label = 'Discard',
          act = function()
            send.for_task(task, 'discard')
          end,
        },
        { label = 'Keep', act = function() end },
      })
    end)
  end,
}

---@param name 'rewind' | 'fork'
---@param call alfine.Call
local function at_iteration(name, call)
  target.resolve(name, call, function(task, words)
    if not arguments.is_number(name, words[1]) then
      return
    end
    if words[1] then
      send.for_task(task, name, { iteration = arguments.number(words[1]) })
      return
    end
    local choices = {}
    for iteration = task.view.iteration, 0, -1 do
      table.insert(choices, {
        label = iteration == 0 and 'before the first iteration' or ('after iteration %d'):format(iteration),
        act = function()
          send.for_task(task, name, { iteration = iteration })
        end,
      })
    end
    ask.choice(('%s %s to where it was'):format(name == 'rewind' and 'Rewind' or 'Fork', task.view.task), choices)
  end)
end

for _, name in ipairs({ 'rewind', 'fork' }) do
  M[name] = {
    tasks = true,
    run = function(call)
      at_iteration(name, call)
    end,
  }
end

return M
