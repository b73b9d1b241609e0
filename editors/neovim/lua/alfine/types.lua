---@meta
-- What the language server says, and what the plugin's parts hand to each other.

---@alias alfine.Status
---| 'pending' | 'ready' | 'running' | 'evaluating' | 'waiting' | 'paused' | 'interrupted' | 'needs_input'
---| 'rework' | 'stopped' | 'failed' | 'skipped' | 'done' | 'merged' | 'discarded'

---One task, as `alfine/tasks` and `alfine/tasksChanged` have it.
---@class alfine.TaskView
---@field task string Its key: the plan's path from the repository's root, `#`, its id.
---@field plan string
---@field id string
---@field title string
---@field uri? string The plan's document; none where the task is only in the database.
---@field range? lsp.Range Where it stands in the document.
---@field status alfine.Status
---@field reason? string
---@field loopId? string The live or last loop.
---@field iteration integer 0 before the first.
---@field maxIterations integer 0 where there is no limit yet.
---@field breaker alfine.BreakerLine[]
---@field gate? table
---@field criteria alfine.Criterion[]
---@field agent string
---@field costUsd? number
---@field filesChanged integer
---@field branch? string
---@field worktree? string
---@field waitingUntil? integer Milliseconds since the epoch.
---@field updatedAt? integer Milliseconds since the epoch.

---@class alfine.BreakerLine
---@field rule string
---@field count number
---@field limit? number None where the rule is off.
---@field evidence string

---@class alfine.Criterion
---@field text string
---@field state 'open' | 'checked' | 'proven' | 'stale' | 'failed'

---What `alfine/tasksChanged` says.
---@class alfine.TasksChanged
---@field tasks alfine.TaskView[] Those that are new or changed.
---@field removed string[] The keys of which there is no task any more.
---@field removedTasks { task: string, uri?: string }[] Those that are gone, each with its plan.

---A task, and the server that knows it.
---@class alfine.Task
---@field client vim.lsp.Client
---@field view alfine.TaskView

---Which task: its server's id, its key, and its plan, since two folders may have the same key.
---@alias alfine.Of { client: integer, task: string, uri?: string }

---What the user may set in `vim.g.alfine`.
---@class alfine.Options
---@field server? string The program: a name on PATH, or a path. `alfine` where it is not set.
---@field lenses? boolean Whether code lenses are shown in plans. True where it is not set.
---@field notify? boolean Whether a loop that needs the user says so. True where it is not set.
---@field height? integer Lines of the task window. 15 where it is not set.

---What was typed behind `:Alfine`.
---@class alfine.Call
---@field words string[] What stands behind the subcommand.
---@field bang boolean
---@field range integer How many ends of a range were given.
---@field line1 integer
---@field line2 integer
---@field task? alfine.Of The task, where it is known without being named.

---What a subcommand does, and how it is completed.
---@class alfine.Subcommand
---@field run fun(call: alfine.Call)
---@field words? string[] What is offered besides tasks.
---@field tasks? boolean Whether tasks are offered.
