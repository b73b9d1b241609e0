-- The subcommands that are a command of the server and nothing more: each is sent with its task or its plan.

local protocol = require('alfine.protocol')
local send = require('alfine.send')
local target = require('alfine.target')

---@type table<string, alfine.Subcommand>
local M = {}

---The commands whose subcommand does more than send them.
local RENAMED = { openWorktree = 'worktree' }
---The commands that have a subcommand of another name.
local NAMES = { showProof = 'proof' }

for _, command in ipairs(protocol.commands) do
  local name = command.name
  if command.takes == 'task' and not RENAMED[name] then
    M[NAMES[name] or name] = {
      tasks = true,
      run = function(call)
        target.resolve_alone(name, call, function(task)
          send.for_task(task, name)
        end)
      end,
    }
  elseif command.takes == 'plan' and not RENAMED[name] then
    M[name] = {
      run = function()
        target.plan(function(client, uri)
          send.to_server(client, name, { uri = uri })
        end)
      end,
    }
  end
end

return M
