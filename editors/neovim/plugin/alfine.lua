-- Read at every start of Neovim, so it only says what there is; all else is loaded when it is used.

if vim.g.loaded_alfine then
  return
end
vim.g.loaded_alfine = true

vim.api.nvim_create_user_command('Alfine', function(call)
  require('alfine.command').run(call)
end, {
  nargs = '*',
  range = true,
  bang = true,
  complete = function(lead, line, at)
    return require('alfine.command').complete(lead, line, at)
  end,
  desc = 'Run coding agents in a loop: see :help alfine',
})

vim.api.nvim_create_autocmd('LspAttach', {
  group = vim.api.nvim_create_augroup('alfine', {}),
  desc = "Show the code lenses of Alfine's server and follow its tasks",
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == 'alfine' then
      require('alfine.attach').attach(client, event.buf)
    end
  end,
})

for _, name in ipairs({
  'answer',
  'continue',
  'diff',
  'discard',
  'fork',
  'here',
  'lens',
  'log',
  'merge',
  'pause',
  'rewind',
  'start',
  'steer',
  'stop',
  'tasks',
  'transcript',
  'worktree',
}) do
  vim.keymap.set('n', '<Plug>(alfine-' .. name .. ')', '<Cmd>Alfine ' .. name .. '<CR>', { desc = 'Alfine: ' .. name })
end
vim.keymap.set('x', '<Plug>(alfine-here)', ':Alfine here<CR>', { desc = 'Alfine: start a loop on the selection' })
