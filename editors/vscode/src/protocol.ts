/**
 * What the server and this extension say to each other beyond LSP. Generated from the server's types; to change it:
 * ALFINE_WRITE_TYPES=1 cargo test -p alfine-lsp editor_types
 */
import type { Diagnostic, Range } from 'vscode-languageclient';

/** The names of the methods. */
export const tasks = 'alfine/tasks';
export const tasksChanged = 'alfine/tasksChanged';
export const transcript = 'alfine/transcript';

/** What each command takes: one object. */
export interface CommandArguments {
  /** Starts a task's loop, or all loops of a plan. */
  'alfine.start': Start;
  /** Writes a task about a place in a file, and starts its loop. */
  'alfine.startHere': StartHere;
  /** Holds a loop after its iteration. */
  'alfine.pause': OfTask;
  /** Ends a loop. */
  'alfine.stop': OfTask;
  /** Lets a loop go on. */
  'alfine.continue': Continue;
  /** Sends a note to a loop's agent. */
  'alfine.steer': Steer;
  /** Answers what a loop asks. */
  'alfine.answer': Answer;
  /** Sets a loop's tree back to where it was after an iteration. */
  'alfine.rewind': AtIteration;
  /** Begins a new loop from where another loop was after an iteration. */
  'alfine.fork': AtIteration;
  /** Merges the work of a done task. */
  'alfine.merge': OfTask;
  /** Merges the branch that finished work is to land on into it, and lets its agent go on from there. */
  'alfine.rework': OfTask;
  /** Throws a loop's work away; its checkpoints stay. */
  'alfine.discard': OfTask;
  /** Brings back what changed in the user's checkout while a task's agent ran, after showing it. */
  'alfine.restoreCheckout': OfTask;
  /** Takes what changed in the user's checkout while a task's agent ran for the user's own. */
  'alfine.keepCheckout': OfTask;
  /** Opens what the agent said. */
  'alfine.showTranscript': ShowTranscript;
  /** Opens what a loop changed. */
  'alfine.showDiff': ShowDiff;
  /** Opens what proves a task: its criteria, their checks, and the trees on which these were run. */
  'alfine.showProof': OfTask;
  /** Opens a loop's worktree. */
  'alfine.openWorktree': OfTask;
  /** Runs the checks of a task on the last commit, as a loop would before its work, and shows what they answer. */
  'alfine.check': OfTask;
  /** Holds all loops of a plan after their iterations; no other task of it begins. */
  'alfine.pausePlan': OfDocument;
  /** Ends all loops of a plan. */
  'alfine.stopPlan': OfDocument;
  /** Lets a plan go on: its loops that were held or cut off, and then the tasks that can begin. */
  'alfine.continuePlan': ContinuePlan;
  /** Merges the branch of its own that a plan was run on, once the checks of its tasks hold together. */
  'alfine.mergePlan': OfDocument;
  /** Allows the commands that a plan and its repository name, after showing them. */
  'alfine.trust': OfDocument;
}

export type ServerCommand = keyof CommandArguments;

/** The argument of `alfine.answer`. */
export interface Answer {
  /** The task's key. */
  task: string;
  /** The task's plan. It says which repository is meant if several have a task with this key. */
  uri?: string;
  /** The question's number; the open question if this is missing. */
  approval?: number;
  /** Whether the answer is yes or no. */
  approved?: boolean;
  /** Whether what is approved is merged as soon as it is done. */
  merge?: boolean;
  /** The answer in words. */
  text?: string;
}

/** The user's word on a tree. */
export interface Approved {
  /** Who, as git names them; missing where git knows no name. */
  by?: string;
  /** When, in milliseconds since the epoch. */
  at: number;
  /** Which tree, as hex. */
  tree: string;
}

/** What kind of answer is needed. */
export type AskKind = 'question' | 'blocked' | 'approval' | 'unproven' | 'checks_changed' | 'baseline' | 'already_green' | 'login' | 'billing' | 'budget' | 'config' | 'context' | 'check' | 'refusal' | 'trust';

/** The argument of `alfine.rewind` and `alfine.fork`. */
export interface AtIteration {
  /** The task's key. */
  task: string;
  /** The task's plan. It says which repository is meant if several have a task with this key. */
  uri?: string;
  /** The iteration; 0 is before the first. */
  iteration: number;
  /** Whether the loop keeps the text that it began with, although its plan was edited since. */
  keepPlan?: boolean;
}

/** One line of the breaker: a rule with its counter, limit and evidence. */
export interface BreakerLine {
  /** The rule. */
  rule: BreakerRule;
  /** Its counter, in the rule's unit. */
  count: number;
  /** Its limit, in the same unit; `None` if the rule is off. */
  limit?: number;
  /** What fed it; empty if nothing did. */
  evidence: string;
  /** Whether the count leaves something out: a run of the agent that did not say what it cost. */
  partial?: boolean;
}

/** A rule of the breaker. */
export type BreakerRule = 'iterations' | 'no-change' | 'same-error' | 'rework' | 'cost' | 'tokens' | 'wall-time' | 'stall' | 'startup' | 'agent-failing' | 'outage' | 'permission' | 'regenerations' | 'oscillation';

/** What a check answered on one tree. */
export type CheckAnswer = 'passed' | 'failed' | 'empty' | 'not_run';

/** A run of a check on one tree: the evidence. */
export interface CheckRun {
  /** The tree, as hex. */
  tree: string;
  /** What it answered. */
  answer: CheckAnswer;
  /** The exit status; missing where no process ended by itself. */
  exit?: number;
  /** How many tests it executed, where its output says so. */
  tests?: number;
  /** How long it took, in milliseconds, where that was measured. */
  millis?: number;
}

/** The argument of `alfine.continue`. */
export interface Continue {
  /** The task's key. */
  task: string;
  /** The task's plan. It says which repository is meant if several have a task with this key. */
  uri?: string;
  /** The new limit of iterations. */
  maxIterations?: number;
  /** The new limit of cost, in US dollars. */
  maxCost?: number;
  /** Whether all counters start at zero. */
  resetBreaker?: boolean;
  /** Whether the loop keeps the text that it began with, although its plan was edited since. */
  keepPlan?: boolean;
}

/** The argument of `alfine.continuePlan`. */
export interface ContinuePlan {
  /** The document. */
  uri: string;
  /** US dollars that the run of the plan may cost from now on. */
  budget?: number;
}

/** A counter of the breaker, in words. */
export interface Counter {
  /** The name of what is counted. */
  label: string;
  /** How far it is, and what fed it: `3 of 3 (iterations 1, 2 and 3 left tree 2f9d1c0…)`. */
  shown: string;
}

/** What a criterion rests on, to be shown. */
export interface CriterionProof {
  /** Its check on the tree that the loop started from; missing where that was not asked. */
  red?: CheckRun;
  /** Its check on the tree of the work, whatever it answered. */
  green?: CheckRun;
  /** The files that decide what the check says, and that the loop made other than they were. */
  material?: string[];
  /** Who took it, if the user did. */
  approved?: Approved;
  /** Why it has its state, in words. */
  why: string;
}

/** What is known of a criterion. */
export type CriterionState = 'open' | 'checked' | 'proven' | 'stale' | 'guard' | 'unproven' | 'weak' | 'approved' | 'failed';

/** One acceptance criterion, to be shown. */
export interface CriterionView {
  /** As the plan has it. */
  text: string;
  /** How far it is proven. */
  state: CriterionState;
  /** What that rests on; missing if nothing says anything of it. */
  proof?: CriterionProof;
}

/** A task that another one was found to depend on. */
export interface Detected {
  /** Its id. */
  id: string;
  /** What says so, in words: a part of a sentence. */
  reason: string;
}

/** A point in time, in milliseconds since the Unix epoch. */
export type Moment = number;

/** Why work that is done did not land. */
export type NotLandedBecause = { why: 'red'; failed: string[] } | { why: 'conflicts'; files: string[] } | { why: 'stopped' } | { why: 'unknown'; message: string };

/** The argument of commands that take a document and nothing else. */
export interface OfDocument {
  /** The document. */
  uri: string;
}

/** The argument of commands that take a task and nothing else. */
export interface OfTask {
  /** The task's key. */
  task: string;
  /** The task's plan. It says which repository is meant if several have a task with this key. */
  uri?: string;
}

/** Something that the user can do with a task, in words. */
export interface Offer {
  /** The command that does it: of an editor `alfine.continue`, of a terminal the whole command line. */
  command: string;
  /** The command's argument, as it is to be sent. */
  argument?: unknown;
  /** As a menu shows it. */
  title: string;
  /** As a button shows it. */
  short: string;
  /** Whether it is one of the likely next steps. */
  next: boolean;
  /** Why it is not possible now. */
  refused?: string;
}

/** What proves that the work is done: the checks that ran when the agent claimed so. */
export interface Proof {
  /** Their composite score. */
  color: ProofColor;
  /** How many checks ran. */
  checks: number;
  /** The names of those that failed. */
  failed?: string[];
  /** New files that are rarely committed, each with what is unusual about it. */
  unusual?: string[];
  /** How many of the checks prove the work: they failed before it, and pass by it alone. `None` where nobody asked. */
  proven?: number;
  /** Whether the task says of itself that all only has to stay as it was. */
  guard?: boolean;
}

/** What the composite score of the verifiers says. */
export type ProofColor = 'green' | 'yellow' | 'red';

/** Why a task is where it is. */
export type Reason = { kind: 'breaker'; trip: BreakerLine } | { kind: 'hard_limit' } | { kind: 'stopped_by_user' } | { kind: 'usage_limit'; known: boolean; message: string } | { kind: 'retry'; message: string } | { kind: 'outage'; since: Moment; message: string } | { kind: 'awaits_sums' } | { kind: 'asks'; ask: AskKind; text: string } | { kind: 'failed'; message: string } | { kind: 'proven'; proof: Proof } | { kind: 'unsaved'; file: string } | { kind: 'pauses'; why?: Reason } | { kind: 'unrun' } | { kind: 'runner_died' } | { kind: 'merged'; into: string; commit?: string } | { kind: 'lands'; into: string } | { kind: 'not_landed'; into: string; because: NotLandedBecause } | { kind: 'brought_up'; from: string } | { kind: 'forked' } | { kind: 'told'; text: string };

/** The argument of `alfine.showDiff`. */
export interface ShowDiff {
  /** The task's key. */
  task: string;
  /** The task's plan. It says which repository is meant if several have a task with this key. */
  uri?: string;
  /** Only this iteration. */
  iteration?: number;
  /** The iteration to compare with; 0 is before the first. */
  against?: number;
}

/** The argument of `alfine.showTranscript`. */
export interface ShowTranscript {
  /** The task's key. */
  task: string;
  /** The task's plan. It says which repository is meant if several have a task with this key. */
  uri?: string;
  /** Only this iteration. */
  iteration?: number;
}

/** The argument of `alfine.start`. */
export interface Start {
  /** The plan's document. */
  uri: string;
  /** The task's key, or its id in the plan; the whole plan if this is missing. */
  task?: string;
  /** How the loop is started. */
  options?: StartOptions;
}

/** The argument of `alfine.startHere`. */
export interface StartHere {
  /** The file that the task is about. */
  uri: string;
  /** The place in it. */
  range: Range;
  /** Another server's diagnostic at the place; the task is done when the diagnostic is gone. */
  diagnostic?: Diagnostic;
  /** What is to be done. */
  prompt?: string;
}

/** How a loop is started: the flags of the command line. */
export interface StartOptions {
  /** The most iterations, 1 to 50. */
  maxIterations?: number;
  /** How many tasks of the plan are worked on at a time, 1 to 16. */
  maxParallel?: number;
  /** Whether the tasks of the plan land on a branch of the run's own, until the whole is merged. */
  branch?: boolean;
  /** The agent is told to do this task alone. */
  singleTask?: boolean;
  /** The agent's name. */
  agent?: string;
  /** The model's name. */
  model?: string;
  /** Whether the agent works in the user's own tree. */
  inPlace?: boolean;
  /** `resume` or `fresh`. */
  context?: string;
  /** The most US dollars. */
  maxCost?: number;
  /** The most US dollars of the run of the plan. */
  budget?: number;
  /** What the agent may do without asking. */
  permissions?: string;
  /** Whether a task is done only once a check has run a test. */
  requireTests?: boolean;
  /** Whether the pages are looked at in a browser. */
  browserVerify?: boolean;
  /** The share of the model's context from which a fresh session takes over, in percent. */
  autoHandoff?: number;
  /** Whether the loop starts although nothing can decide a criterion. */
  anyway?: boolean;
  /** Whether the loop starts from the uncommitted changes, too; the user is asked if this is missing. */
  includeUncommitted?: boolean;
  /** Whether a task that was merged already is begun again, without a question. */
  again?: boolean;
}

/** The argument of `alfine.steer`. */
export interface Steer {
  /** The task's key. */
  task: string;
  /** The task's plan. It says which repository is meant if several have a task with this key. */
  uri?: string;
  /** What the agent is told; left out of an offer, since the user has to write it. */
  text: string;
}

/** Which task: two folders may have a task of the same key, so its plan belongs to it. */
export interface TaskName {
  /** The task's key. */
  task: string;
  /** The plan that the task was in; missing if it was in no plan. */
  uri?: string;
}

/** What it rests on that a task is done. */
export type TaskProof = 'proven' | 'approved' | 'guard' | 'unproven' | 'uncontrolled' | 'stale';

/** Where a task is. The user's answer to "what is going on, and what can I do next?" */
export type TaskStatus = 'pending' | 'ready' | 'running' | 'evaluating' | 'waiting' | 'paused' | 'interrupted' | 'needs_input' | 'rework' | 'stopped' | 'failed' | 'skipped' | 'done' | 'merged' | 'discarded';

/** One task, to be shown. */
export interface TaskView {
  /** The task's key. */
  task: string;
  /** Its plan's path from the repository's root. */
  plan: string;
  /** Its id in the plan. */
  id: string;
  /** The task's title. */
  title: string;
  /** The format of its plan, such as `markdown`, `prd` or `kiro`; missing if the task is only in the database. */
  format?: string;
  /** The heading, or the task that it is a part of, below which it stands. */
  group?: string;
  /** The ids of the tasks that it depends on, done or not, as its plan says. */
  dependsOn?: string[];
  /** What it was found to depend on by the tasks' words, where its plan does not say it. In a run of the plan it comes after these. */
  detectedDependsOn?: Detected[];
  /** Whether it never blocks others. */
  optional?: boolean;
  /** The plan's document; missing if the task is only in the database. */
  uri?: string;
  /** Where it stands in the document. */
  range?: ViewRange;
  /** The task's status. */
  status: TaskStatus;
  /** Why the task has this status, in words, if there is more to say. */
  reason?: string;
  /** The reason as data. */
  cause?: Reason;
  /** What it rests on that the task is done; missing as long as it is not. */
  proof?: TaskProof;
  /** The live or last loop. */
  loopId?: string;
  /** The iteration at work, or the last one; 0 before the first. */
  iteration: number;
  /** The limit of iterations; 0 if neither a loop nor the plan has one. */
  maxIterations: number;
  /** The breaker's rules, counted. */
  breaker: BreakerLine[];
  /** The last completion gate, as it was read. */
  gate?: unknown;
  /** The acceptance criteria, in the plan's order. */
  criteria: CriterionView[];
  /** The agent's name; empty if none is chosen yet. */
  agent: string;
  /** US dollars so far; missing if unknown. */
  costUsd?: number;
  /** Files that differ from the base. */
  filesChanged: number;
  /** The loop's branch. */
  branch?: string;
  /** The folder the agent works in. */
  worktree?: string;
  /** Until when it waits, in milliseconds since the epoch. */
  waitingUntil?: number;
  /** The last change, in milliseconds since the epoch; missing if nothing was ever written down. */
  updatedAt?: number;
  /** Where it is, on one short line. */
  summary: string;
  /** Whether it stands still until the user does something. */
  needsYou: boolean;
  /** The breaker's counters that count something, in words. */
  counters: Counter[];
  /** What can be done with it, in the order in which it is shown. */
  offers: Offer[];
}

/** The answer of `alfine/tasks`. */
export interface Tasks {
  /** In the order of the plans, and of the tasks in each. */
  tasks: TaskView[];
}

/** The content of `alfine/tasksChanged`. */
export interface TasksChanged {
  /** The tasks that are new or have changed. */
  tasks: TaskView[];
  /** The keys that no task has any more. */
  removed: string[];
  /** All tasks that are gone, including those whose key another task still has. */
  removedTasks: TaskName[];
}

/** One thing that an agent said or did: `event` names it, and says which other fields there are. */
export interface TranscriptEvent {
  event: string;
  [field: string]: unknown;
}

/** The argument of `alfine/transcript`. */
export interface TranscriptParams {
  /** The task's key. */
  task: string;
  /** Its plan; it says which repository is meant, where several have a task of this key. */
  uri?: string;
  /** The iteration; without it the last one. */
  iteration?: number;
  /** Where the page before ended. */
  after?: number;
}

/** The answer of `alfine/transcript`. */
export interface TranscriptPart {
  /** What the agent said. */
  events: TranscriptEvent[];
  /** Where to read on, in bytes of the iteration's transcripts one after another; `null` if nothing more will come. */
  next: number | null;
}

/** A place in a document, from 0. */
export interface ViewPlace {
  /** The line, counted from 0. */
  line: number;
  /** The unit in the line. */
  character: number;
}

/** A range in a document, as the asking client counts. */
export interface ViewRange {
  /** Where it begins. */
  start: ViewPlace;
  /** The place after the last one. */
  end: ViewPlace;
}
