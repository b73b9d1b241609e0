/** The server's questions: modal only if the user is waiting for one, and never shown if nothing may run. */
import * as vscode from 'vscode';
import { type MessageActionItem, MessageType, type ShowMessageRequestParams } from 'vscode-languageclient/node';
import { asksForWords, dialogOf } from './question_text';
import type { Tasks } from './tasks';

const SHOW = 'Show';

export class Questions {
  private shownFor: string | undefined;

  constructor(private readonly tasks: Tasks) {}

  async ask({ type, message, actions = [] }: ShowMessageRequestParams): Promise<MessageActionItem | null> {
    if (!vscode.workspace.isTrusted) return null;
    const dialog = dialogOf(message, actions.map(({ title }) => title), this.shownFor === message);
    const show =
      type === MessageType.Error
        ? vscode.window.showErrorMessage
        : type === MessageType.Warning
          ? vscode.window.showWarningMessage
          : vscode.window.showInformationMessage;
    const options = { modal: dialog.modal, ...(dialog.detail === undefined ? {} : { detail: dialog.detail }) };
    const chosen = await show<string>(dialog.message, options, ...dialog.buttons);
    this.shownFor = chosen === SHOW ? message : undefined;
    const words = asksForWords(message, chosen, this.tasks.all().map(({ task }) => task));
    if (words !== undefined) {
      // LSP has no input box: the answer goes its own way.
      void vscode.commands.executeCommand('alfine.answer', { task: words });
      return null;
    }
    return chosen === undefined ? null : { title: chosen };
  }
}
