import { expect, test } from 'vitest';
import type { ServerState } from '../../src/ctx';
import { shown } from '../../src/status_text';
import { aLoop, aTask } from './a_task';

const ready: ServerState = { is: 'ready', program: { path: '/a', origin: 'bundled', version: '0.1.0' } };

test('nothing is shown where there is no plan, or no server wanted', () => {
  expect(shown(ready, [])).toBeUndefined();
  expect(shown({ is: 'off' }, [aTask()])).toBeUndefined();
});

test('loops at work are counted with what they cost', () => {
  const item = shown(ready, [aLoop(), aLoop({ status: 'waiting', costUsd: 0.08 }), aTask()]);
  expect(item?.text).toBe('$(sync~spin) Alfine: 2 running · $0.50');
  expect(item?.background).toBeUndefined();
});

test('what needs the user comes first, in the warning colour', () => {
  const item = shown(ready, [aLoop(), aLoop({ status: 'needs_input', costUsd: 0.1 })]);
  expect(item?.text).toBe('$(bell-dot) Alfine: 1 needs you · 1 running · $0.52');
  expect(item?.background).toBe('statusBarItem.warningBackground');
});

test('finished work waits to be merged', () => {
  expect(shown(ready, [aLoop({ status: 'done' })])?.text).toBe('$(pass) Alfine: 1 to merge');
});

test('idle tasks are no news', () => {
  expect(shown(ready, [aTask()])).toMatchObject({ text: '$(checklist) Alfine', tooltip: 'Alfine: 1 task, none at work' });
});

test('a server that does not run says why, in the error colour', () => {
  const item = shown({ is: 'failed', message: '/a_b/c_d is gone', remedy: 'Bring it back', setting: false }, []);
  expect(item).toEqual({
    text: '$(error) Alfine',
    tooltip: '/a\\_b/c\\_d is gone\n\nBring it back',
    background: 'statusBarItem.errorBackground',
    command: 'alfine.explain',
  });
});
