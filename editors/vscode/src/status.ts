/** The item in the status bar. */
import * as vscode from 'vscode';
import type { Ctx } from './ctx';
import { shown } from './status_text';

export class StatusItem {
  private readonly item = vscode.window.createStatusBarItem('alfine.status', vscode.StatusBarAlignment.Left, 10);

  constructor(private readonly ctx: Ctx) {
    this.item.name = 'Alfine';
    const update = () => {
      this.update();
    };
    ctx.extension.subscriptions.push(this.item, ctx.tasks.onChange(update), ctx.onState(update));
  }

  private update(): void {
    const now = shown(this.ctx.state, this.ctx.tasks.all());
    if (now === undefined) {
      this.item.hide();
      return;
    }
    this.item.text = now.text;
    this.item.tooltip = new vscode.MarkdownString(now.tooltip);
    this.item.backgroundColor = now.background === undefined ? undefined : new vscode.ThemeColor(now.background);
    this.item.command = now.command;
    this.item.show();
  }
}
