import { expect, test } from 'vitest';
import type { TaskView } from '../../src/protocol';
import { type Change, Tasks } from '../../src/tasks';
import { aLoop, aTask } from './a_task';

test('a change replaces the task, tells how it was, and keeps the order of the plan', () => {
  const tasks = new Tasks();
  const at = (line: number) => ({ range: { start: { line, character: 0 }, end: { line, character: 1 } } });
  tasks.replace([aTask(at(2)), aTask({ task: 'PLAN.md#T2', id: 'T2', ...at(9) })]);
  const heard: Change[] = [];
  tasks.onChange((changes) => heard.push(...changes));
  tasks.apply({ tasks: [aLoop(at(2)), aTask({ task: 'PLAN.md#T3', id: 'T3', ...at(5) })], removedTasks: [] });
  expect(tasks.all().map(({ id, status }) => `${id} ${status}`)).toEqual(['T1 running', 'T3 ready', 'T2 ready']);
  expect(heard.map(({ before, now }) => [before?.status, now.status])).toEqual([
    ['ready', 'running'],
    [undefined, 'ready'],
  ]);
});

test('a task that left its plan is still one task, and one that is gone is none', () => {
  const tasks = new Tasks();
  tasks.replace([aTask()]);
  const left = aLoop();
  delete left.uri;
  const heard: Change[] = [];
  tasks.onChange((changes) => heard.push(...changes));
  const { task, uri } = aTask();
  tasks.apply({ tasks: [left], removedTasks: [{ task, ...(uri === undefined ? {} : { uri }) }] });
  expect(tasks.all()).toEqual([left]);
  expect(heard.map(({ before }) => before?.status)).toEqual(['ready']);
  tasks.apply({ tasks: [], removedTasks: [{ task }] });
  expect(tasks.all()).toEqual([]);
});

test('plans of one name in two folders stay apart', () => {
  const tasks = new Tasks();
  tasks.replace([aTask({ uri: 'file:///a/PLAN.md' }), aTask({ uri: 'file:///b/PLAN.md' })]);
  tasks.apply({ tasks: [aLoop({ uri: 'file:///b/PLAN.md' })], removedTasks: [] });
  expect(tasks.all().map(({ uri, status }) => [uri, status])).toEqual([
    ['file:///a/PLAN.md', 'ready'],
    ['file:///b/PLAN.md', 'running'],
  ]);
  tasks.apply({ tasks: [], removedTasks: [{ task: 'PLAN.md#T1', uri: 'file:///a/PLAN.md' }] });
  expect(tasks.all().map(({ uri }) => uri)).toEqual(['file:///b/PLAN.md']);
});

test('a task of a key that two folders have is found by its plan', () => {
  const tasks = new Tasks();
  tasks.replace([aTask({ uri: 'file:///a/PLAN.md' }), aLoop({ uri: 'file:///b/PLAN.md' })]);
  expect(tasks.get('PLAN.md#T1', 'file:///b/PLAN.md')?.status).toBe('running');
  expect(tasks.get('PLAN.md#T1', 'file:///c/PLAN.md')).toBeUndefined();
  const left = aLoop({ status: 'stopped' });
  delete left.uri;
  tasks.replace([left]);
  expect(tasks.get('PLAN.md#T1', 'file:///a/PLAN.md')?.status).toBe('stopped');
});

test('what is asked for a key alone is asked of the task with which it can be done', () => {
  const tasks = new Tasks();
  const asks = aLoop({ uri: 'file:///b/PLAN.md', status: 'needs_input' });
  tasks.replace([aTask({ uri: 'file:///a/PLAN.md' }), asks]);
  expect(tasks.meant('PLAN.md#T1', 'answer', 'file:///a/PLAN.md')?.uri).toBe('file:///b/PLAN.md');
  expect(tasks.meant('PLAN.md#T1', 'start', 'file:///a/PLAN.md')?.uri).toBe('file:///a/PLAN.md');
  expect(tasks.meant('PLAN.md#T1', 'merge', 'file:///c/README.md')?.uri).toBe('file:///a/PLAN.md');
  expect(tasks.meant('PLAN.md#T2', 'merge')).toBeUndefined();
});

test('a plan whose name is written with other escapes is the same one', () => {
  const tasks = new Tasks();
  tasks.replace([aTask({ uri: 'file:///my%20shop%20(1)/PLAN.md' })]);
  tasks.apply({ tasks: [aLoop({ uri: 'file:///my%20shop%20%281%29/PLAN.md' })], removedTasks: [] });
  expect(tasks.all().map(({ uri, status }) => [uri, status])).toEqual([['file:///my shop (1)/PLAN.md', 'running']]);
});

test('the order is the same when all tasks come anew as when one of them changes', () => {
  const tasks = new Tasks();
  tasks.replace(['docs/a.plan.md', 'PLAN.md'].map((plan) => aTask({ plan, task: `${plan}#T1`, uri: `file:///r/${plan}` })));
  const before = tasks.all().map(({ plan }) => plan);
  tasks.apply({ tasks: [aLoop()], removedTasks: [] });
  expect(tasks.all().map(({ plan }) => plan)).toEqual(before);
});

test('a server that does not say what can be done is known to be old, until another one answers', () => {
  const tasks = new Tasks();
  const old: Partial<TaskView> = aTask();
  delete old.offers;
  tasks.replace([old as TaskView]);
  expect([tasks.fromOldServer, tasks.actions().size]).toEqual([true, 0]);
  tasks.replace([aTask()]);
  expect(tasks.fromOldServer).toBe(false);
});
