-- The subcommands for the plugin and the repository: a first plan, the servers, what is missing.

local life = require('alfine.life')
local own = require('alfine.own')
local say = require('alfine.say')

---@type table<string, alfine.Subcommand>
local M = {}

M.init = {
  run = function()
    local root = vim.fs.root(0, '.git') or vim.fs.root(vim.uv.cwd() or 0, '.git')
    require('alfine.program').run({ 'init' }, root or vim.uv.cwd(), function(printed)
      say.info(printed)
      own.leave()
      vim.cmd.edit(vim.fn.fnameescape(vim.fs.joinpath(root or '.', 'PLAN.md')))
    end)
  end,
}

M.restart = {
  run = function()
    life.restart()
  end,
}

M.health = {
  run = function()
    vim.cmd.checkhealth('alfine')
  end,
}

return M
