-- The subcommands that show what a loop did.

local arguments = require('alfine.arguments')
local own = require('alfine.own')
local send = require('alfine.send')
local target = require('alfine.target')

---@type table<string, alfine.Subcommand>
local M = {}

M.diff = {
  tasks = true,
  run = function(call)
    target.resolve('diff', call, function(task, words)
      local iteration, against = arguments.number(words[1]), arguments.number(words[2])
      if arguments.is_number('diff', words[1]) and arguments.is_number('diff', words[2]) then
        own.leave()
        send.for_task(task, 'showDiff', { iteration = iteration, against = against })
      end
    end)
  end,
}

M.transcript = {
  tasks = true,
  run = function(call)
    target.resolve('transcript', call, function(task, words)
      if arguments.is_number('transcript', words[1]) then
        own.leave()
        require('alfine.transcript').open(task, arguments.number(words[1]))
      end
    end)
  end,
}

M.worktree = {
  tasks = true,
  run = function(call)
    target.resolve_alone('worktree', call, function(task)
      local worktree = task.view.worktree
      if not worktree or not vim.uv.fs_stat(worktree) then
        send.for_task(task, 'openWorktree')
        return
      end
      vim.cmd.tabnew()
      vim.cmd.tcd(vim.fn.fnameescape(worktree))
      vim.cmd.edit('.')
    end)
  end,
}

M.log = {
  tasks = true,
  run = function(call)
    target.resolve_alone('log', call, function(task)
      own.leave()
      require('alfine.program').show({ 'log', task.view.task }, task.client.root_dir)
    end)
  end,
}

M.lens = {
  run = function()
    vim.lsp.codelens.run()
  end,
}

return M
