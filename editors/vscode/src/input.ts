/**
 * What the user is asked for where LSP has no input box.
 */
import * as vscode from 'vscode';
import { faultOfLimit, HARD_LIMIT } from './limit';
import type { TaskView } from './protocol';
import { count, mayMerge, name } from './task';

export async function words(title: string, example: string): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({ title, placeHolder: example, ignoreFocusOut: true });
  return text === undefined || text.trim() === '' ? undefined : text.trim();
}

/** The new limit of a loop's iterations. */
export async function limit(task: TaskView): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title: `${name(task)}: new limit of iterations`,
    prompt: `${count(task.iteration, 'iteration is', 'iterations are')} used of ${task.maxIterations}. At most ${HARD_LIMIT}.`,
    value: String(Math.min(HARD_LIMIT, Math.max(task.maxIterations, task.iteration) + 5)),
    ignoreFocusOut: true,
    validateInput: (value) => faultOfLimit(value, task.iteration),
  });
  return text === undefined ? undefined : Number(text);
}

export async function iteration(task: TaskView, verb: string): Promise<number | undefined> {
  const numbers = Array.from({ length: task.iteration + 1 }, (_, index) => task.iteration - index);
  const items = numbers.map((n) => ({
    label: n === 0 ? 'Before the first iteration' : `After iteration ${n}`,
    description: n === task.iteration ? 'the last one' : undefined,
    n,
  }));
  return (await vscode.window.showQuickPick(items, { title: `${name(task)}: ${verb}` }))?.n;
}

export type Answer = { approved: true; merge?: true } | { approved: false; text?: string } | { text: string };

type How = 'words' | 'approve' | 'merge' | 'reject';

/** An answer to what a loop asks; `how` if it is known already. */
export async function answer(task: TaskView, how?: How): Promise<Answer | undefined> {
  const title = `${name(task)}: ${task.reason ?? 'the agent asks'}`;
  const chosen = how ?? (await choose(title, mayMerge(task)));
  if (chosen === undefined) return undefined;
  if (chosen === 'approve') return { approved: true };
  if (chosen === 'merge') return { approved: true, merge: true };
  const placeHolder = chosen === 'reject' ? 'what is missing, for the agent' : 'your answer, for the agent';
  const text = (await vscode.window.showInputBox({ title, placeHolder, ignoreFocusOut: true }))?.trim();
  if (text === undefined) return undefined;
  if (chosen === 'reject') return text === '' ? { approved: false } : { approved: false, text };
  return text === '' ? undefined : { text };
}

/** Asks before work is thrown away. */
export async function reallyDiscard(task: TaskView): Promise<boolean> {
  const discard = 'Discard';
  const detail =
    task.branch === undefined
      ? 'What it changed in your own tree stays there. Its checkpoints stay in git.'
      : 'Its branch and its worktree are removed. Its checkpoints stay in git.';
  const chosen = await vscode.window.showWarningMessage(`Discard the work of ${name(task)}?`, { modal: true, detail }, discard);
  return chosen === discard;
}

async function choose(title: string, merges: boolean): Promise<How | undefined> {
  const merge = merges ? [{ label: '$(git-merge) Approve and merge', how: 'merge' } as const] : [];
  const items = [
    { label: '$(comment) Answer in words…', how: 'words' },
    ...merge,
    { label: '$(pass) Approve', how: 'approve' },
    { label: '$(circle-slash) Reject…', how: 'reject' },
  ] as const;
  return (await vscode.window.showQuickPick(items, { title }))?.how;
}
