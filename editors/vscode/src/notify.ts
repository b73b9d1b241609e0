/**
 * Messages to the user: only where something stands still until they act, or where they asked for more.
 */
import * as vscode from 'vscode';
import type { Ctx } from './ctx';
import type { TaskView } from './protocol';
import type { Change } from './tasks';
import { actionsOf, name, needsUser } from './task';

export interface Message {
  text: string;
  /** Whether it is bad news. */
  warning: boolean;
  /** What can be done, by the title of its button. */
  buttons: Record<string, string>;
}

/** What to tell of a change; nothing where it can wait until the user looks. */
export function messageOf({ before, now }: Change, all: boolean): Message | undefined {
  if (before?.status === now.status && before.reason === now.reason) return undefined;
  const why = now.reason === undefined || now.reason === '' ? '' : `: ${now.reason}`;
  const can = actionsOf(now);
  const buttons: Record<string, string> = {};
  if (now.status === 'done' && all && before?.status !== 'done' && before !== undefined) {
    if (can.has('merge')) buttons['Merge'] = 'alfine.merge';
    if (can.has('changes')) buttons['Show Changes'] = 'alfine.showDiff';
    return { text: `${name(now)} is done.`, warning: false, buttons };
  }
  if (!needsUser(now)) return undefined;
  if (can.has('answer')) buttons['Answer…'] = 'alfine.answer';
  else if (can.has('continue')) buttons['Continue'] = 'alfine.continue';
  buttons['Go to Task'] = 'alfine.openTask';
  return { text: `${name(now)} ${verb(now)}${why}`, warning: true, buttons };
}

function verb({ status }: TaskView): string {
  switch (status) {
    case 'needs_input':
      return 'needs you';
    case 'stopped':
      return 'was stopped';
    case 'interrupted':
      return 'was interrupted';
    default:
      return 'failed';
  }
}

export class Messages {
  constructor(private readonly ctx: Ctx) {
    ctx.extension.subscriptions.push(
      ctx.tasks.onChange((changes) => {
        const setting = vscode.workspace.getConfiguration('alfine').get<string>('notify');
        if (setting === 'never') return;
        for (const change of changes) {
          const message = messageOf(change, setting === 'always');
          if (message !== undefined) void this.show(message, change.now);
        }
      }),
    );
  }

  private async show({ text, warning, buttons }: Message, task: TaskView): Promise<void> {
    const titles = Object.keys(buttons);
    const chosen = await (warning
      ? vscode.window.showWarningMessage(text, ...titles)
      : vscode.window.showInformationMessage(text, ...titles));
    const command = chosen === undefined ? undefined : buttons[chosen];
    if (command === undefined) return;
    await vscode.commands.executeCommand(command, { kind: 'task', task: this.ctx.tasks.get(task.task) ?? task });
  }
}
