-- Code lenses in plans. Neovim 0.11 requests them only when the plugin does; 0.12 keeps them fresh by itself.

local options = require('alfine.options')

local M = {}

---Plans are Markdown or JSON; what is not has no lens.
local FILETYPES = { markdown = true, json = true, jsonc = true, yaml = true }

local by_itself = vim.lsp.codelens.enable ~= nil

---Puts the lenses before what diagnostics say behind the same line, which may fill the rest of it.
---@param client_id integer
---@param buffer integer
local function put_first(client_id, buffer)
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.codelens:' .. client_id]
  local marks = namespace and vim.api.nvim_buf_get_extmarks(buffer, namespace, 0, -1, { details = true }) or {}
  for _, mark in ipairs(marks) do
    local id, row, column, details = unpack(mark)
    vim.api.nvim_buf_set_extmark(buffer, namespace, row, column, {
      id = id,
      virt_text = details.virt_text,
      hl_mode = 'combine',
      priority = 1,
    })
  end
end

---@param client vim.lsp.Client
---@param buffer integer
local function ask(client, buffer)
  local params = { textDocument = vim.lsp.util.make_text_document_params(buffer) }
  client:request('textDocument/codeLens', params, function(problem, lenses, context)
    vim.lsp.codelens.on_codelens(problem, lenses, context)
    if vim.api.nvim_buf_is_loaded(buffer) then
      put_first(client.id, buffer)
    end
  end, buffer)
end

---Shows the lenses of a buffer from now on.
---@param client vim.lsp.Client
---@param buffer integer
function M.attach(client, buffer)
  if not options.get('lenses') or not FILETYPES[vim.bo[buffer].filetype] then
    return
  end
  if by_itself then
    -- Those of one client alone are not taken away when it ends.
    vim.lsp.codelens.enable(true, { bufnr = buffer })
    return
  end
  local group = vim.api.nvim_create_augroup('alfine.lenses.' .. buffer, {})
  vim.api.nvim_create_autocmd({ 'BufEnter', 'InsertLeave', 'TextChanged' }, {
    group = group,
    buffer = buffer,
    callback = function()
      if vim.lsp.buf_is_attached(buffer, client.id) then
        ask(client, buffer)
      end
    end,
  })
  ask(client, buffer)
end

---Asks again for all lenses of a server, since tasks changed.
---@param client_id integer
function M.refresh(client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  if by_itself or not client or not options.get('lenses') then
    return
  end
  for buffer in pairs(client.attached_buffers) do
    if vim.api.nvim_buf_is_loaded(buffer) and FILETYPES[vim.bo[buffer].filetype] then
      ask(client, buffer)
    end
  end
end

return M
