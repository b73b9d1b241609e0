import type { TaskView } from '../../src/protocol';

/** A task to change in a test. */
export function aTask(changes: Partial<TaskView> = {}): TaskView {
  return {
    task: 'PLAN.md#T1',
    plan: 'PLAN.md',
    id: 'T1',
    title: 'Greet by name',
    uri: 'file:///r/PLAN.md',
    range: { start: { line: 2, character: 4 }, end: { line: 2, character: 20 } },
    status: 'ready',
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
