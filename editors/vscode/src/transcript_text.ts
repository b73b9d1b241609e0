/**
 * A transcript as it is read: Markdown, one paragraph for each thing that the agent said or did. Pure.
 */
import type { TranscriptEvent } from './protocol';

/** Events as text. */
export function render(events: TranscriptEvent[]): string {
  return events
    .map(linesOf)
    .filter((lines) => lines !== undefined)
    .map((lines) => `\n${lines}\n`)
    .join('');
}

function linesOf(event: TranscriptEvent): string | undefined {
  const field = (key: string) => {
    const value = event[key];
    return typeof value === 'string' ? value.trim() : '';
  };
  switch (event.event) {
    case 'text':
      return fenced(field('text'));
    case 'thinking':
      return field('text') === '' ? undefined : quote(field('text'));
    case 'tool_started':
      return `- **${field('name')}** ${code(field('summary'))}`.trimEnd();
    case 'tool_finished':
      return event['ok'] === false ? '  - failed' : undefined;
    case 'permission_denied':
      return `- denied: ${code(field('tool'))}`;
    case 'retrying':
      return `- tries again: ${field('reason')}`;
    case 'limit_warning':
      return typeof event['utilization'] === 'number'
        ? `- ${Math.round(event['utilization'] * 100)} % of the usage limit is used`
        : undefined;
    case 'session_started':
      return typeof event['model'] === 'string' ? `*${event['model']}*` : undefined;
    case 'ended':
      return field('message') === '' ? undefined : `- ended: ${field('message')}`;
    default:
      return undefined;
  }
}

/** The completion gate is for Alfine; in a fence it reads as the block that it is. */
function fenced(text: string): string | undefined {
  if (text === '') return undefined;
  return text.replace(
    /(?<!```\w*\n)<COMPLETION_GATE>[\s\S]*?<\/COMPLETION_GATE>/g,
    (gate) => `\`\`\`yaml\n${gate}\n\`\`\``,
  );
}

function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => `> ${line}`)
    .join('\n');
}

function code(text: string): string {
  return text === '' ? '' : `\`${text.replaceAll('`', 'ˋ')}\``;
}
