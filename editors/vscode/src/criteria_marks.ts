/** The places of a plan's acceptance criteria that have something to show. Pure. */
import type { CriterionState, TaskView } from './protocol';

export const marked = ['proven', 'unproven', 'stale', 'failed'] as const;
export type Marked = (typeof marked)[number];

export interface Mark {
  line: number;
  state: Marked;
}

/** The places of the criteria of a document's tasks that have something to show. */
export function marksOf(tasks: TaskView[], lines: readonly string[]): Mark[] {
  const placed = tasks
    .flatMap((task) => (task.range === undefined ? [] : [{ criteria: task.criteria, from: task.range.start.line }]))
    .sort((a, b) => a.from - b.from);
  return placed.flatMap(({ criteria, from }, index) => {
    const to = placed[index + 1]?.from ?? lines.length;
    let line = from;
    return criteria.flatMap(({ text, state }) => {
      const found = find(lines, text, line + 1, to);
      if (found === undefined) return [];
      line = found;
      const mark = marks[state];
      return mark === undefined ? [] : [{ line: found, state: mark }];
    });
  });
}

function find(lines: readonly string[], text: string, from: number, to: number): number | undefined {
  // A criterion that goes on in the next line is found by its first one.
  const first = text.split('\n')[0]?.trim() ?? '';
  for (let line = from; line < to; line++) {
    if (lines[line]?.includes(first) === true) return line;
  }
  return undefined;
}

/** A guard only has to stay as it is, so it has no sign. */
const marks: Partial<Record<CriterionState, Marked>> = {
  proven: 'proven',
  approved: 'proven',
  unproven: 'unproven',
  weak: 'unproven',
  stale: 'stale',
  failed: 'failed',
};
