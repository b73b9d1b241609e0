-- `:Alfine`: its subcommands, what they take, and how they are completed.

local say = require('alfine.say')
local send = require('alfine.send')
local target = require('alfine.target')
local tasks = require('alfine.tasks')

local M = {}

---@type table<string, alfine.Subcommand>
local subcommands = vim.tbl_extend(
  'keep',
  vim.tbl_extend(
    'error',
    require('alfine.subcommands.start'),
    require('alfine.subcommands.control'),
    require('alfine.subcommands.finish'),
    require('alfine.subcommands.show'),
    require('alfine.subcommands.setup')
  ),
  require('alfine.subcommands.plain')
)

subcommands.tasks = {
  run = function()
    require('alfine.window').toggle(M.run_for)
  end,
}

---The names of the subcommands.
---@return string[]
function M.names()
  local names = vim.tbl_keys(subcommands)
  table.sort(names)
  return names
end

---Runs `:Alfine …`.
---@param command vim.api.keyset.create_user_command.command_args
function M.run(command)
  local name = command.fargs[1] or 'tasks'
  local subcommand = subcommands[name]
  if not subcommand then
    say.error(('Alfine: there is no `:Alfine %s`. There are: %s'):format(name, table.concat(M.names(), ', ')))
    return
  end
  if vim.fn.getcmdwintype() ~= '' then
    say.error('Alfine: nothing can be opened from the command-line window; close it first (CTRL-C)')
    return
  end
  subcommand.run({
    words = vim.list_slice(command.fargs, 2),
    bang = command.bang,
    range = command.range,
    line1 = command.line1,
    line2 = command.line2,
  })
end

---Does what a code lens or a code action of the server says, where the plugin has more for it than the server: it asks
---for a text, and follows a transcript.
---@param command lsp.Command
---@param context { client_id: integer }
function M.execute(command, context)
  local name = command.command:match('^alfine%.(.*)$')
  local argument = (command.arguments or {})[1] or {}
  local client = assert(vim.lsp.get_client_by_id(context.client_id))
  local of = argument.task and { client = client.id, task = argument.task, uri = argument.uri }
  local asks = (name == 'answer' and argument.approved == nil or name == 'steer') and argument.text == nil
  if of and (asks or name == 'showTranscript') then
    target.fresh(function()
      local task = tasks.known(of)
      if not task then
        send.to_server(client, name, argument)
      elseif name == 'showTranscript' then
        require('alfine.transcript').open(task, argument.iteration)
      else
        M.run_for(name, of)
      end
    end)
    return
  end
  send.to_server(client, name, argument)
end

---Runs a subcommand for a task.
---@param name string
---@param of alfine.Of
function M.run_for(name, of)
  subcommands[name].run({ words = {}, bang = false, range = 0, line1 = 0, line2 = 0, task = of })
end

---@param candidates string[]
---@param lead string
---@return string[]
local function beginning_with(candidates, lead)
  return vim
    .iter(candidates)
    :filter(function(candidate)
      return vim.startswith(candidate, lead)
    end)
    :totable()
end

---Completes `:Alfine …`.
---@param lead string
---@param line string
---@param at integer
---@return string[]
function M.complete(lead, line, at)
  local before = line:sub(1, at)
  -- The command may be abbreviated, and stand behind a range or another command.
  local typed = before:match('%f[%a]Alf%a*!?%s+(.*)$') or ''
  local name = typed:match('^(%S+)%s')
  if not name then
    return beginning_with(M.names(), lead)
  end
  local subcommand = subcommands[name]
  if not subcommand then
    return {}
  end
  local candidates = {}
  -- A task stands right behind the subcommand.
  if subcommand.tasks and typed:match('^%S+%s+%S*$') then
    for _, task in ipairs(target.offered(name)) do
      table.insert(candidates, (vim.fn.escape(task.view.task, ' \\')))
    end
  end
  local words = vim.deepcopy(subcommand.words or {})
  table.sort(words)
  return beginning_with(vim.list_extend(candidates, words), lead)
end

return M
