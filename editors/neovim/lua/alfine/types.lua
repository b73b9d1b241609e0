---@meta
-- What the plugin's parts hand to each other. What the language server says is in protocol.lua.

---A task, and the server that knows it.
---@class alfine.Task
---@field client vim.lsp.Client
---@field view alfine.TaskView

---Which task: its server's id, its key, and its plan, since two folders may have the same key.
---@alias alfine.Of { client: integer, task: string, uri?: string }

---What the user may set in `vim.g.alfine`.
---@class alfine.Options
---@field server? string The program: a name on PATH, or a path. `alfine` if it is not set.
---@field lenses? boolean Whether code lenses are shown in plans. True if it is not set.
---@field notify? boolean Whether a loop that needs the user says so. True if it is not set.
---@field height? integer Lines of the task window. 15 if it is not set.

---What was typed behind `:Alfine`.
---@class alfine.Call
---@field words string[] What stands behind the subcommand.
---@field bang boolean
---@field range integer How many ends of a range were given.
---@field line1 integer
---@field line2 integer
---@field task? alfine.Of The task, if it is known without being named.

---What a subcommand does, and how it is completed.
---@class alfine.Subcommand
---@field run fun(call: alfine.Call)
---@field words? string[] Words that are offered in addition to tasks.
---@field tasks? boolean Whether tasks are offered.
