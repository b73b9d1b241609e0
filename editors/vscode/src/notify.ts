/** Messages to the user, with what can be done at once. */
import * as vscode from 'vscode';
import type { Ctx } from './ctx';
import { type Message, messageOf } from './notify_text';
import type { TaskView } from './protocol';

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
    if (chosen === undefined) return;
    const offer = buttons[chosen];
    if (offer !== undefined) return vscode.commands.executeCommand(offer.command, offer.argument);
    const now = this.ctx.tasks.get(task.task, task.uri) ?? task;
    await vscode.commands.executeCommand('alfine.openTask', { kind: 'task', task: now });
  }
}
