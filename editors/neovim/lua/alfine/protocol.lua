-- What the language server takes and says beyond LSP. Generated from the server's types; to change it:
-- ALFINE_WRITE_TYPES=1 cargo test -p alfine-lsp editor_types

local M = {}

---The server's commands without `alfine.`, in their order, and whether each takes a task, a plan, or more than that.
---@type { name: string, takes: 'task' | 'plan' | 'more' }[]
M.commands = {
  { name = 'start', takes = 'more' },
  { name = 'startHere', takes = 'more' },
  { name = 'pause', takes = 'task' },
  { name = 'stop', takes = 'task' },
  { name = 'continue', takes = 'more' },
  { name = 'steer', takes = 'more' },
  { name = 'answer', takes = 'more' },
  { name = 'rewind', takes = 'more' },
  { name = 'fork', takes = 'more' },
  { name = 'merge', takes = 'task' },
  { name = 'rework', takes = 'task' },
  { name = 'discard', takes = 'task' },
  { name = 'restoreCheckout', takes = 'task' },
  { name = 'keepCheckout', takes = 'task' },
  { name = 'showTranscript', takes = 'more' },
  { name = 'showDiff', takes = 'more' },
  { name = 'showProof', takes = 'task' },
  { name = 'openWorktree', takes = 'task' },
  { name = 'check', takes = 'task' },
  { name = 'pausePlan', takes = 'plan' },
  { name = 'stopPlan', takes = 'plan' },
  { name = 'continuePlan', takes = 'plan' },
  { name = 'mergePlan', takes = 'plan' },
  { name = 'trust', takes = 'plan' },
}

---The argument of `alfine.answer`.
---@class alfine.Answer
---@field task string The task's key.
---@field uri? string The task's plan. It says which repository is meant if several have a task with this key.
---@field approval? integer The question's number; the open question if this is missing.
---@field approved? boolean Whether the answer is yes or no.
---@field merge? boolean Whether what is approved is merged as soon as it is done.
---@field text? string The answer in words.

---The user's word on a tree.
---@class alfine.Approved
---@field by? string Who, as git names them; missing where git knows no name.
---@field at integer When, in milliseconds since the epoch.
---@field tree string Which tree, as hex.

---What kind of answer is needed.
---@alias alfine.AskKind 'question' | 'blocked' | 'approval' | 'unproven' | 'checks_changed' | 'baseline' | 'already_green' | 'login' | 'billing' | 'budget' | 'config' | 'context' | 'check' | 'refusal' | 'trust'

---The argument of `alfine.rewind` and `alfine.fork`.
---@class alfine.AtIteration
---@field task string The task's key.
---@field uri? string The task's plan. It says which repository is meant if several have a task with this key.
---@field iteration integer The iteration; 0 is before the first.
---@field keepPlan? boolean Whether the loop keeps the text that it began with, although its plan was edited since.

---One line of the breaker: a rule with its counter, limit and evidence.
---@class alfine.BreakerLine
---@field rule alfine.BreakerRule The rule.
---@field count number Its counter, in the rule's unit.
---@field limit? number Its limit, in the same unit; `None` if the rule is off.
---@field evidence string What fed it; empty if nothing did.
---@field partial? boolean Whether the count leaves something out: a run of the agent that did not say what it cost.

---A rule of the breaker.
---@alias alfine.BreakerRule 'iterations' | 'no-change' | 'same-error' | 'rework' | 'cost' | 'tokens' | 'wall-time' | 'stall' | 'startup' | 'agent-failing' | 'outage' | 'permission' | 'regenerations' | 'oscillation'

---What a check answered on one tree.
---@alias alfine.CheckAnswer 'passed' | 'failed' | 'empty' | 'not_run'

---A run of a check on one tree: the evidence.
---@class alfine.CheckRun
---@field tree string The tree, as hex.
---@field answer alfine.CheckAnswer What it answered.
---@field exit? integer The exit status; missing where no process ended by itself.
---@field tests? integer How many tests it executed, where its output says so.
---@field millis? integer How long it took, in milliseconds, where that was measured.

---The argument of `alfine.continue`.
---@class alfine.Continue
---@field task string The task's key.
---@field uri? string The task's plan. It says which repository is meant if several have a task with this key.
---@field maxIterations? integer The new limit of iterations.
---@field maxCost? number The new limit of cost, in US dollars.
---@field resetBreaker? boolean Whether all counters start at zero.
---@field keepPlan? boolean Whether the loop keeps the text that it began with, although its plan was edited since.

---The argument of `alfine.continuePlan`.
---@class alfine.ContinuePlan
---@field uri string The document.
---@field budget? number US dollars that the run of the plan may cost from now on.

---A counter of the breaker, in words.
---@class alfine.Counter
---@field label string The name of what is counted.
---@field shown string How far it is, and what fed it: `3 of 3 (iterations 1, 2 and 3 left tree 2f9d1c0…)`.

---What a criterion rests on, to be shown.
---@class alfine.CriterionProof
---@field red? alfine.CheckRun Its check on the tree that the loop started from; missing where that was not asked.
---@field green? alfine.CheckRun Its check on the tree of the work, whatever it answered.
---@field material? string[] The files that decide what the check says, and that the loop made other than they were.
---@field approved? alfine.Approved Who took it, if the user did.
---@field why string Why it has its state, in words.

---What is known of a criterion.
---@alias alfine.CriterionState 'open' | 'checked' | 'proven' | 'stale' | 'guard' | 'unproven' | 'weak' | 'approved' | 'failed'

---One acceptance criterion, to be shown.
---@class alfine.CriterionView
---@field text string As the plan has it.
---@field state alfine.CriterionState How far it is proven.
---@field proof? alfine.CriterionProof What that rests on; missing if nothing says anything of it.

---A task that another one was found to depend on.
---@class alfine.Detected
---@field id string Its id.
---@field reason string What says so, in words: a part of a sentence.

---A point in time, in milliseconds since the Unix epoch.
---@alias alfine.Moment integer

---Why work that is done did not land.
---@alias alfine.NotLandedBecause { why: 'red', failed: string[] } | { why: 'conflicts', files: string[] } | { why: 'stopped' } | { why: 'unknown', message: string }

---The argument of commands that take a document and nothing else.
---@class alfine.OfDocument
---@field uri string The document.

---The argument of commands that take a task and nothing else.
---@class alfine.OfTask
---@field task string The task's key.
---@field uri? string The task's plan. It says which repository is meant if several have a task with this key.

---Something that the user can do with a task, in words.
---@class alfine.Offer
---@field command string The command that does it: of an editor `alfine.continue`, of a terminal the whole command line.
---@field argument? any The command's argument, as it is to be sent.
---@field title string As a menu shows it.
---@field short string As a button shows it.
---@field next boolean Whether it is one of the likely next steps.
---@field refused? string Why it is not possible now.

---What proves that the work is done: the checks that ran when the agent claimed so.
---@class alfine.Proof
---@field color alfine.ProofColor Their composite score.
---@field checks integer How many checks ran.
---@field failed? string[] The names of those that failed.
---@field unusual? string[] New files that are rarely committed, each with what is unusual about it.
---@field proven? integer How many of the checks prove the work: they failed before it, and pass by it alone. `None` where nobody asked.
---@field guard? boolean Whether the task says of itself that all only has to stay as it was.

---What the composite score of the verifiers says.
---@alias alfine.ProofColor 'green' | 'yellow' | 'red'

---Why a task is where it is.
---@alias alfine.Reason { kind: 'breaker', trip: alfine.BreakerLine } | { kind: 'hard_limit' } | { kind: 'stopped_by_user' } | { kind: 'usage_limit', known: boolean, message: string } | { kind: 'retry', message: string } | { kind: 'outage', since: alfine.Moment, message: string } | { kind: 'awaits_sums' } | { kind: 'asks', ask: alfine.AskKind, text: string } | { kind: 'failed', message: string } | { kind: 'proven', proof: alfine.Proof } | { kind: 'unsaved', file: string } | { kind: 'pauses', why?: alfine.Reason } | { kind: 'unrun' } | { kind: 'runner_died' } | { kind: 'merged', into: string, commit?: string } | { kind: 'lands', into: string } | { kind: 'not_landed', into: string, because: alfine.NotLandedBecause } | { kind: 'brought_up', from: string } | { kind: 'forked' } | { kind: 'told', text: string }

---The argument of `alfine.showDiff`.
---@class alfine.ShowDiff
---@field task string The task's key.
---@field uri? string The task's plan. It says which repository is meant if several have a task with this key.
---@field iteration? integer Only this iteration.
---@field against? integer The iteration to compare with; 0 is before the first.

---The argument of `alfine.showTranscript`.
---@class alfine.ShowTranscript
---@field task string The task's key.
---@field uri? string The task's plan. It says which repository is meant if several have a task with this key.
---@field iteration? integer Only this iteration.

---The argument of `alfine.start`.
---@class alfine.Start
---@field uri string The plan's document.
---@field task? string The task's key, or its id in the plan; the whole plan if this is missing.
---@field options? alfine.StartOptions How the loop is started.

---The argument of `alfine.startHere`.
---@class alfine.StartHere
---@field uri string The file that the task is about.
---@field range lsp.Range The place in it.
---@field diagnostic? lsp.Diagnostic Another server's diagnostic at the place; the task is done when the diagnostic is gone.
---@field prompt? string What is to be done.

---How a loop is started: the flags of the command line.
---@class alfine.StartOptions
---@field maxIterations? integer The most iterations, 1 to 50.
---@field maxParallel? integer How many tasks of the plan are worked on at a time, 1 to 16.
---@field branch? boolean Whether the tasks of the plan land on a branch of the run's own, until the whole is merged.
---@field singleTask? boolean The agent is told to do this task alone.
---@field agent? string The agent's name.
---@field model? string The model's name.
---@field inPlace? boolean Whether the agent works in the user's own tree.
---@field context? string `resume` or `fresh`.
---@field maxCost? number The most US dollars.
---@field budget? number The most US dollars of the run of the plan.
---@field permissions? string What the agent may do without asking.
---@field requireTests? boolean Whether a task is done only once a check has run a test.
---@field browserVerify? boolean Whether the pages are looked at in a browser.
---@field autoHandoff? integer The share of the model's context from which a fresh session takes over, in percent.
---@field anyway? boolean Whether the loop starts although nothing can decide a criterion.
---@field includeUncommitted? boolean Whether the loop starts from the uncommitted changes, too; the user is asked if this is missing.
---@field again? boolean Whether a task that was merged already is begun again, without a question.

---The argument of `alfine.steer`.
---@class alfine.Steer
---@field task string The task's key.
---@field uri? string The task's plan. It says which repository is meant if several have a task with this key.
---@field text string What the agent is told; left out of an offer, since the user has to write it.

---Which task: two folders may have a task of the same key, so its plan belongs to it.
---@class alfine.TaskName
---@field task string The task's key.
---@field uri? string The plan that the task was in; missing if it was in no plan.

---What it rests on that a task is done.
---@alias alfine.TaskProof 'proven' | 'approved' | 'guard' | 'unproven' | 'uncontrolled' | 'stale'

---Where a task is. The user's answer to "what is going on, and what can I do next?"
---@alias alfine.TaskStatus 'pending' | 'ready' | 'running' | 'evaluating' | 'waiting' | 'paused' | 'interrupted' | 'needs_input' | 'rework' | 'stopped' | 'failed' | 'skipped' | 'done' | 'merged' | 'discarded'

---One task, to be shown.
---@class alfine.TaskView
---@field task string The task's key.
---@field plan string Its plan's path from the repository's root.
---@field id string Its id in the plan.
---@field title string The task's title.
---@field format? string The format of its plan, such as `markdown`, `prd` or `kiro`; missing if the task is only in the database.
---@field group? string The heading, or the task that it is a part of, below which it stands.
---@field dependsOn? string[] The ids of the tasks that it depends on, done or not, as its plan says.
---@field detectedDependsOn? alfine.Detected[] What it was found to depend on by the tasks' words, where its plan does not say it. In a run of the plan it comes after these.
---@field optional? boolean Whether it never blocks others.
---@field uri? string The plan's document; missing if the task is only in the database.
---@field range? alfine.ViewRange Where it stands in the document.
---@field status alfine.TaskStatus The task's status.
---@field reason? string Why the task has this status, in words, if there is more to say.
---@field cause? alfine.Reason The reason as data.
---@field proof? alfine.TaskProof What it rests on that the task is done; missing as long as it is not.
---@field loopId? string The live or last loop.
---@field iteration integer The iteration at work, or the last one; 0 before the first.
---@field maxIterations integer The limit of iterations; 0 if neither a loop nor the plan has one.
---@field breaker alfine.BreakerLine[] The breaker's rules, counted.
---@field gate? any The last completion gate, as it was read.
---@field criteria alfine.CriterionView[] The acceptance criteria, in the plan's order.
---@field agent string The agent's name; empty if none is chosen yet.
---@field costUsd? number US dollars so far; missing if unknown.
---@field filesChanged integer Files that differ from the base.
---@field branch? string The loop's branch.
---@field worktree? string The folder the agent works in.
---@field waitingUntil? integer Until when it waits, in milliseconds since the epoch.
---@field updatedAt? integer The last change, in milliseconds since the epoch; missing if nothing was ever written down.
---@field summary string Where it is, on one short line.
---@field needsYou boolean Whether it stands still until the user does something.
---@field counters alfine.Counter[] The breaker's counters that count something, in words.
---@field offers alfine.Offer[] What can be done with it, in the order in which it is shown.

---The answer of `alfine/tasks`.
---@class alfine.Tasks
---@field tasks alfine.TaskView[] In the order of the plans, and of the tasks in each.

---The content of `alfine/tasksChanged`.
---@class alfine.TasksChanged
---@field tasks alfine.TaskView[] The tasks that are new or have changed.
---@field removed string[] The keys that no task has any more.
---@field removedTasks alfine.TaskName[] All tasks that are gone, including those whose key another task still has.

---One thing that an agent said or did: `event` names it, and says which other fields there are.
---@class alfine.TranscriptEvent
---@field event string
---@field [string] any

---The argument of `alfine/transcript`.
---@class alfine.TranscriptParams
---@field task string The task's key.
---@field uri? string Its plan; it says which repository is meant, where several have a task of this key.
---@field iteration? integer The iteration; without it the last one.
---@field after? integer Where the page before ended.

---The answer of `alfine/transcript`.
---@class alfine.TranscriptPart
---@field events alfine.TranscriptEvent[] What the agent said.
---@field next integer | nil Where to read on, in bytes of the iteration's transcripts one after another; `null` if nothing more will come.

---A place in a document, from 0.
---@class alfine.ViewPlace
---@field line integer The line, counted from 0.
---@field character integer The unit in the line.

---A range in a document, as the asking client counts.
---@class alfine.ViewRange
---@field start alfine.ViewPlace Where it begins.
---@field end alfine.ViewPlace The place after the last one.

return M
