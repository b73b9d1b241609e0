import type { Offer, TaskStatus, TaskView } from '../../src/protocol';

/** An offer of the server, for a task in a test. */
export function anOffer(command: string, changes: Partial<Offer> = {}): Offer {
  const argument = { task: 'PLAN.md#T1', uri: 'file:///r/PLAN.md' };
  return { command: `alfine.${command}`, argument, title: command, short: command, next: false, ...changes };
}

/** What a server may offer for a task in a status, where a test does not say. */
const offered: Partial<Record<TaskStatus, Offer[]>> = {
  ready: [anOffer('start')],
  running: [anOffer('pause'), anOffer('stop')],
  needs_input: [anOffer('answer'), anOffer('stop')],
  stopped: [anOffer('continue', { short: 'Continue', next: true }), anOffer('discard')],
  done: [
    anOffer('merge', { short: 'Merge', next: true }),
    anOffer('showDiff', { short: 'Show diff', next: true }),
    anOffer('discard'),
  ],
};

/** A task to change in a test. */
export function aTask(changes: Partial<TaskView> = {}): TaskView {
  const status = changes.status ?? 'ready';
  return {
    task: 'PLAN.md#T1',
    plan: 'PLAN.md',
    id: 'T1',
    title: 'Greet by name',
    uri: 'file:///r/PLAN.md',
    range: { start: { line: 2, character: 4 }, end: { line: 2, character: 20 } },
    status,
    summary: status,
    needsYou: status === 'needs_input' || status === 'stopped',
    counters: [],
    offers: offered[status] ?? [],
    iteration: 0,
    maxIterations: 10,
    breaker: [],
    criteria: [],
    agent: 'claude',
    filesChanged: 0,
    ...changes,
  };
}

/** A task whose loop has done something. */
export function aLoop(changes: Partial<TaskView> = {}): TaskView {
  return aTask({
    status: 'running',
    loopId: 'l1',
    iteration: 3,
    branch: 'alfine/PLAN/T1',
    worktree: '/w/T1',
    filesChanged: 4,
    costUsd: 0.42,
    ...changes,
  });
}
