import { expect, test } from 'vitest';
import { render } from '../../src/transcript_text';

test('what is said stands as it was said, a paragraph each', () => {
  expect(render([{ event: 'text', text: 'I look.\n' }, { event: 'text', text: 'Again.' }])).toBe('\nI look.\n\nAgain.\n');
});

test('what is thought is quoted, also over lines', () => {
  expect(render([{ event: 'thinking', text: 'a\nb' }])).toBe('\n> a\n> b\n');
});

test('tools are told by name and input, and only their failures', () => {
  const text = render([
      { event: 'tool_started', name: 'Bash', summary: 'echo `date`' },
      { event: 'tool_finished', ok: true },
      { event: 'tool_started', name: 'Write', summary: 'a.txt' },
      { event: 'tool_finished', ok: false },
  ]);
  expect(text).toBe('\n- **Bash** `echo ˋdateˋ`\n\n- **Write** `a.txt`\n\n  - failed\n');
});

test('a completion gate reads as a block, in a fence of its own or the agent’s', () => {
  const gate = '<COMPLETION_GATE>\nready: true\n</COMPLETION_GATE>';
  expect(render([{ event: 'text', text: `Done.\n${gate}` }])).toBe(`\nDone.\n\`\`\`yaml\n${gate}\n\`\`\`\n`);
  const own = `\`\`\`yaml\n${gate}\n\`\`\``;
  expect(render([{ event: 'text', text: own }])).toBe(`\n${own}\n`);
});

test('events of a newer server, and ones without a text, are left out', () => {
  const text = render([{ event: 'sang' }, { event: 'text' }, { event: 'thinking', text: ' ' }, { event: 'usage', input: 3 }]);
  expect(text).toBe('');
});
