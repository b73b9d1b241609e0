/** Signs beside the acceptance criteria of a plan: proven, unproven, out of date, failed. */
import * as vscode from 'vscode';
import { type Marked, marked, marksOf } from './criteria_marks';
import type { Ctx } from './ctx';

export class CriteriaMarks {
  private readonly types: Record<Marked, vscode.TextEditorDecorationType>;

  constructor(private readonly ctx: Ctx) {
    const type = (state: Marked) => {
      const icon = (theme: string) => ctx.extension.asAbsolutePath(`media/${state}-${theme}.svg`);
      return vscode.window.createTextEditorDecorationType({
        light: { gutterIconPath: icon('light') },
        dark: { gutterIconPath: icon('dark') },
        gutterIconSize: 'contain',
      });
    };
    this.types = { proven: type('proven'), unproven: type('unproven'), stale: type('stale'), failed: type('failed') };
    const update = () => {
      this.update();
    };
    ctx.extension.subscriptions.push(
      ...Object.values(this.types),
      ctx.tasks.onChange(update),
      vscode.window.onDidChangeVisibleTextEditors(update),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('alfine.criteria')) update();
      }),
    );
  }

  private update(): void {
    const isOn = vscode.workspace.getConfiguration('alfine').get<boolean>('criteria.gutter') ?? true;
    for (const editor of vscode.window.visibleTextEditors) {
      const uri = editor.document.uri.toString();
      const tasks = this.ctx.tasks.all().filter((task) => task.uri === uri);
      if (tasks.length === 0 && editor.document.languageId !== 'markdown') continue;
      const marks = isOn ? marksOf(tasks, editor.document.getText().split(/\r?\n/)) : [];
      for (const state of marked) {
        const ranges = marks.filter((mark) => mark.state === state).map(({ line }) => new vscode.Range(line, 0, line, 0));
        editor.setDecorations(this.types[state], ranges);
      }
    }
  }
}
