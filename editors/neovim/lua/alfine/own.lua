-- Buffers of the plugin's own: no files, not listed, and closed by `q`.

local M = {}

---@param name string
---@return integer?
local function find(name)
  return vim.iter(vim.api.nvim_list_bufs()):find(function(buffer)
    return vim.api.nvim_buf_get_name(buffer) == name
  end)
end

---Closes the current window; the only one shows what it showed before.
function M.close()
  if pcall(vim.api.nvim_win_close, 0, false) then
    return
  end
  local before = vim.fn.bufnr('#')
  if before ~= -1 and before ~= vim.api.nvim_get_current_buf() then
    vim.api.nvim_win_set_buf(0, before)
  else
    vim.cmd.enew()
  end
end

---Goes from a window of the plugin to a window with a file: the window that was used before, or else any.
function M.leave()
  if not vim.startswith(vim.api.nvim_buf_get_name(0), 'alfine://') then
    return
  end
  local windows = vim.api.nvim_tabpage_list_wins(0)
  table.insert(windows, 1, vim.fn.win_getid(vim.fn.winnr('#')))
  local window = vim.iter(windows):find(function(one)
    return vim.bo[vim.api.nvim_win_get_buf(one)].buftype == ''
  end)
  if window then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd('aboveleft new')
  end
end

---The buffer of this name, set up. A buffer that a session or `:bdelete` left has only the name, and is set up again.
---@param name string
---@param bufhidden 'hide' | 'wipe'
---@param filetype? string
---@param fill? fun(buffer: integer) Fills it again where `:edit` emptied it.
---@return integer
function M.buffer(name, bufhidden, filetype, fill)
  local buffer = find(name)
  if not buffer then
    buffer = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(buffer, name)
  end
  vim.bo[buffer].buftype = 'nofile'
  vim.bo[buffer].swapfile = false
  vim.fn.bufload(buffer)
  vim.bo[buffer].buflisted = false
  vim.bo[buffer].bufhidden = bufhidden
  vim.bo[buffer].modifiable = false
  if filetype and vim.bo[buffer].filetype ~= filetype then
    vim.bo[buffer].filetype = filetype
  end
  vim.api.nvim_create_autocmd('BufReadCmd', {
    buffer = buffer,
    group = vim.api.nvim_create_augroup('alfine.own.' .. buffer, {}),
    callback = function()
      vim.bo[buffer].buflisted = false
      if fill then
        fill(buffer)
      end
    end,
  })
  vim.keymap.set('n', 'q', M.close, { buffer = buffer, nowait = true, desc = 'Alfine: close this window' })
  return buffer
end

---Replaces lines of such a buffer.
---@param buffer integer
---@param first integer From 0; all from here on are replaced.
---@param lines string[]
function M.write(buffer, first, lines)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, first, -1, false, lines)
  vim.bo[buffer].modifiable = false
end

return M
