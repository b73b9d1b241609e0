import { expect, test } from 'vitest';
import { render } from '../../src/transcript_text';

test('each iteration has a heading, once', () => {
  const first = render([{ event: 'text', iteration: 1, text: 'I look.' }], 0);
  expect(first).toEqual({ text: '\n## Iteration 1\n\nI look.\n', iteration: 1 });
  const more = render(
    [
      { event: 'text', iteration: 1, text: 'And again.' },
      { event: 'text', iteration: 2, text: 'New.' },
    ],
    first.iteration,
  );
  expect(more.text).toBe('\nAnd again.\n\n## Iteration 2\n\nNew.\n');
});

test('tools are told by name and input, and only their failures', () => {
  const { text } = render(
    [
      { event: 'tool_started', name: 'Bash', summary: 'echo `date`' },
      { event: 'tool_finished', ok: true },
      { event: 'tool_started', name: 'Write', summary: 'a.txt' },
      { event: 'tool_finished', ok: false },
    ],
    0,
  );
  expect(text).toBe('\n- **Bash** `echo ˋdateˋ`\n\n- **Write** `a.txt`\n\n  - failed\n');
});

test('a completion gate reads as a block, in a fence of its own or the agent’s', () => {
  const gate = '<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>';
  expect(render([{ event: 'text', text: `Done.\n${gate}` }], 0).text).toBe(`\nDone.\n\`\`\`yaml\n${gate}\n\`\`\`\n`);
  const own = `\`\`\`yaml\n${gate}\n\`\`\``;
  expect(render([{ event: 'text', text: own }], 0).text).toBe(`\n${own}\n`);
});

test('events of a newer server, and ones without a text, are left out', () => {
  const { text } = render([{ event: 'sang' }, { event: 'text' }, { event: 'thinking', text: ' ' }, { event: 'usage', input: 3 }], 0);
  expect(text).toBe('');
});
