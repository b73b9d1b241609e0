-- The subcommands that begin work: from a plan, from a place in a file, and what a plan needs before it.

local arguments = require('alfine.arguments')
local ask = require('alfine.ask')
local say = require('alfine.say')
local send = require('alfine.send')
local server = require('alfine.server')
local target = require('alfine.target')

---@type table<string, alfine.Subcommand>
local M = {}

---@param client vim.lsp.Client
---@param argument table
local function start(client, argument)
  if vim.tbl_isempty(argument.options) then
    argument.options = nil
  end
  send.to_server(client, 'start', argument)
end

M.start = {
  tasks = true,
  words = vim.list_extend({ 'all' }, arguments.flags()),
  run = function(call)
    local options, rest = arguments.options(call.words)
    if not options then
      say.error(rest --[[@as string]])
      return
    end
    if rest[1] == 'all' then
      target.plan(function(client, uri)
        start(client, { uri = uri, options = options })
      end)
      return
    end
    call.words = rest --[[@as string[] ]]
    target.resolve_alone('start', call, function(task)
      if not task.view.uri then
        say.error(('Alfine: %s is in no plan any more'):format(task.view.task))
        return
      end
      start(task.client, { uri = task.view.uri, task = task.view.task, options = options })
    end)
  end,
}

---What another server says of some lines.
---@param first integer From 0.
---@param last integer
---@return lsp.Diagnostic?
local function other_diagnostic(first, last)
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    local said = vim.tbl_get(diagnostic, 'user_data', 'lsp')
    if said and diagnostic.source ~= 'alfine' and diagnostic.lnum >= first and diagnostic.lnum <= last then
      return said
    end
  end
end

M.here = {
  run = function(call)
    local client = server.of_buffer(vim.api.nvim_get_current_buf())
    if not client then
      say.error(server.none())
      return
    end
    local first, last = call.line1 - 1, call.line2 - 1
    local end_line = vim.api.nvim_buf_get_lines(0, last, last + 1, false)[1] or ''
    local argument = {
      uri = vim.uri_from_bufnr(0),
      range = {
        start = { line = first, character = 0 },
        ['end'] = { line = last, character = vim.str_utfindex(end_line, client.offset_encoding) },
      },
      diagnostic = other_diagnostic(first, last),
    }
    local prompt = table.concat(call.words, ' ')
    if prompt ~= '' or argument.diagnostic then
      argument.prompt = prompt ~= '' and prompt or nil
      send.to_server(client, 'startHere', argument)
      return
    end
    ask.text('What is to be done here? ', function(text)
      argument.prompt = text
      send.to_server(client, 'startHere', argument)
    end)
  end,
}

return M
