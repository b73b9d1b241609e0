-- Read by `vim.lsp.enable('alfine')`. `vim.lsp.config('alfine', { … })` changes any of it.

-- Lenses and code actions go through the plugin, which asks for what is missing and shows errors as they are.
local commands = {}
for _, command in ipairs(require('alfine.protocol').commands) do
  commands['alfine.' .. command.name] = function(sent, context)
    require('alfine.command').execute(sent, context)
  end
end

---@type vim.lsp.Config
return {
  cmd = function(dispatchers, config)
    return require('alfine.life').start(dispatchers, config)
  end,
  root_dir = function(buffer, on_root)
    if vim.api.nvim_buf_get_name(buffer) ~= '' then
      require('alfine.life').root(buffer, on_root)
    end
  end,
  workspace_required = true,
  init_options = { tasks = true, tasksVersion = 2 },
  commands = commands,
  handlers = {
    ['alfine/tasksChanged'] = function(_, news, context)
      require('alfine.tasks').changed(context.client_id, news)
    end,
    ['window/showMessage'] = function(_, params)
      require('alfine.say').of_server(params)
    end,
    ['window/showMessageRequest'] = function(_, params, context)
      return require('alfine.questions').ask(params, context)
    end,
  },
  on_exit = function(code, signal, client_id)
    require('alfine.life').ended(code, signal, client_id)
  end,
}
