import { expect, test } from 'vitest';
import type { TaskView, TranscriptPart } from '../../src/protocol';
import { Reader } from '../../src/transcript_reader';
import { aLoop } from './a_task';

/** A server that has some texts of each iteration, and tells one of them at a time. */
class Server {
  asked: string[] = [];
  /** Whether an iteration says nothing more once all of it is told. */
  ended = false;
  /** What happens while a page is on its way. */
  meanwhile: () => void = () => undefined;

  constructor(
    public task: TaskView | undefined,
    public texts: Record<number, string[]>,
  ) {}

  reader(only?: number): Reader {
    return new Reader('PLAN.md#T1', only, { task: () => this.task, page: (...place) => this.page(...place) });
  }

  private async page(iteration: number, after: number): Promise<TranscriptPart> {
    this.asked.push(`${iteration}@${after}`);
    const texts = this.texts[iteration] ?? [];
    const text = texts[after];
    const goesOn = !this.ended && iteration >= (this.task?.iteration ?? 1);
    await Promise.resolve();
    this.meanwhile();
    if (text === undefined) return { events: [], next: goesOn ? after : null };
    return { events: [{ event: 'text', text }], next: goesOn || after + 1 < texts.length ? after + 1 : null };
  }
}

test('all iterations are read in their order, each with its heading', async () => {
  const server = new Server(aLoop({ iteration: 2 }), { 1: ['One.', 'Two.'], 2: ['Three.'] });
  const reader = server.reader();
  await reader.more();
  expect(reader.text).toBe('# T1: Greet by name\n\n## Iteration 1\n\nOne.\n\nTwo.\n\n## Iteration 2\n\nThree.\n');
});

test('the last page of what is over is not read twice', async () => {
  const server = new Server(aLoop({ status: 'merged', iteration: 1 }), { 1: ['One.'] });
  server.ended = true;
  const reader = server.reader();
  await reader.more();
  await reader.more();
  expect(reader.text).toBe('# T1: Greet by name\n\n## Iteration 1\n\nOne.\n');
  expect(server.asked).toEqual(['1@0']);
});

test('what an iteration said at its very end is read before the next one', async () => {
  const server = new Server(aLoop({ iteration: 1 }), { 1: ['One.'] });
  server.meanwhile = () => {
    if (server.asked.length < 2) return;
    server.meanwhile = () => undefined;
    server.texts = { 1: ['One.', 'The end.'], 2: ['Two.'] };
    server.task = aLoop({ iteration: 2 });
  };
  const reader = server.reader();
  await reader.more();
  await reader.more();
  expect(reader.text).toContain('One.\n\nThe end.\n\n## Iteration 2\n\nTwo.\n');
});

test('iterations that left nothing to read have no heading', async () => {
  const server = new Server(aLoop({ iteration: 4 }), { 3: ['Three.'] });
  const reader = server.reader();
  await reader.more();
  expect(reader.text).toBe('# T1: Greet by name\n\n## Iteration 3\n\nThree.\n\n## Iteration 4\n');
});

test('a task that is started again begins a new text, also while a page is on its way', async () => {
  const server = new Server(aLoop({ iteration: 3 }), { 1: ['Old.'], 3: ['Older.'] });
  const reader = server.reader();
  await reader.more();
  server.meanwhile = () => {
    server.meanwhile = () => undefined;
    server.task = aLoop({ loopId: 'l2', iteration: 1 });
    server.texts = { 1: ['New.'] };
  };
  await reader.more();
  expect(reader.text).toBe('# T1: Greet by name\n\n## Iteration 1\n\nNew.\n');
});

test('a task that is gone is read as far as the server has it', async () => {
  const server = new Server(undefined, { 1: ['One.'] });
  const reader = server.reader();
  await reader.more();
  expect(reader.text).toBe('# PLAN.md#T1\n\n## Iteration 1\n\nOne.\n');
});

test('one iteration alone has no heading but the title', async () => {
  const server = new Server(aLoop({ iteration: 3 }), { 2: ['Two.'], 3: ['Three.'] });
  const reader = server.reader(2);
  await reader.more();
  expect(reader.text).toBe('# T1: Greet by name, iteration 2\n\nTwo.\n');
});

test('paths are told from the worktree on', async () => {
  const server = new Server(aLoop({ iteration: 1 }), { 1: ['I write /w/T1/src/a.ts.'] });
  const reader = server.reader();
  await reader.more();
  expect(reader.text).toContain('\nI write src/a.ts.\n');
});

test('of much text the end is kept, and it is said that something is missing', async () => {
  const server = new Server(aLoop({ iteration: 1 }), { 1: Array.from({ length: 30 }, (_, n) => `${n} ${'x'.repeat(100_000)}`) });
  const reader = server.reader();
  await reader.more();
  expect(reader.text.length).toBeLessThan(2_000_000);
  expect(reader.text).toMatch(/^# T1: Greet by name\n\n\(What came before is left out here\.\)\n/);
  expect(reader.text).toContain('\n29 xx');
});

test('what was read before the server went away stays, and is not read again', async () => {
  const server = new Server(aLoop({ iteration: 1 }), { 1: ['One.', 'Two.'] });
  server.meanwhile = () => {
    if (server.asked.length === 2) throw new Error('away');
  };
  const reader = server.reader();
  await expect(reader.more()).rejects.toThrow('away');
  await reader.more();
  expect(reader.text).toBe('# T1: Greet by name\n\n## Iteration 1\n\nOne.\n\nTwo.\n');
});
