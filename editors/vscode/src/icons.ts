/** The sign of each status, of VS Code's own icons and colours, so that every theme has them. */
import { ThemeColor, ThemeIcon } from 'vscode';
import type { TaskStatus } from './protocol';

const signs: Record<TaskStatus, [icon: string, color?: string]> = {
  pending: ['circle-outline', 'disabledForeground'],
  ready: ['circle-outline'],
  running: ['sync~spin', 'progressBar.background'],
  evaluating: ['sync~spin', 'progressBar.background'],
  rework: ['sync~spin', 'progressBar.background'],
  waiting: ['watch', 'progressBar.background'],
  paused: ['debug-pause'],
  interrupted: ['debug-disconnect', 'list.warningForeground'],
  needs_input: ['bell-dot', 'list.warningForeground'],
  stopped: ['debug-stop', 'list.errorForeground'],
  failed: ['error', 'list.errorForeground'],
  skipped: ['circle-slash', 'disabledForeground'],
  done: ['pass', 'testing.iconPassed'],
  merged: ['git-merge', 'testing.iconPassed'],
  discarded: ['trash', 'disabledForeground'],
};

export function iconOf(status: TaskStatus): ThemeIcon {
  const [icon, color] = signs[status] ?? ['circle-outline'];
  return new ThemeIcon(icon, color === undefined ? undefined : new ThemeColor(color));
}
