/**
 * The commands: from the palette, the view, a code lens or a code action.
 *
 * A lens sends the server's own argument, which goes through as it is. Elsewhere the user is asked for what is missing:
 * which task, which iteration, which words.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type ChangesProvider, folderOf, run } from './changes';
import { type Ctx, reason } from './ctx';
import { iconOf } from './icons';
import * as input from './input';
import type { CommandArguments, ServerCommand, TaskName, TaskView } from './protocol';
import serverCommands from './server_commands.json';
import { type Action, actionsOf, name, why } from './task';
import type { Transcripts } from './transcript';
import type { FileNode, Node } from './tree';

/** What the server's lenses and actions send. */
type Sent = Record<string, unknown>;
/** Where a command comes from: nowhere (the palette), the view, an editor, the server. */
type Argument = undefined | Node | vscode.Uri | Sent;

export class Commands {
  private readonly registered = new Set<string>();

  constructor(
    private readonly ctx: Ctx,
    private readonly changes: ChangesProvider,
    private readonly transcripts: Transcripts,
  ) {
    this.loops();
    this.words();
    this.looks();
    this.surroundings();
    this.others();
  }

  private register(id: string, work: (argument: Argument) => Promise<unknown>): void {
    const perform = async (argument: Argument) => {
      try {
        return await work(argument);
      } catch (error) {
        if (error instanceof Nothing) {
          void vscode.window.showInformationMessage(error.message);
          return undefined;
        }
        this.ctx.output.warn(`${id}: ${reason(error)}`);
        void vscode.window.showErrorMessage(reason(error));
        return undefined;
      }
    };
    this.registered.add(id);
    this.ctx.extension.subscriptions.push(vscode.commands.registerCommand(id, perform));
  }

  /** Sends a command, if this folder may run it. */
  private async send<C extends ServerCommand>(command: C, argument: CommandArguments[C]): Promise<unknown> {
    if (serverCommands[command].runs && !vscode.workspace.isTrusted) {
      await explainRestricted();
      return undefined;
    }
    const progress = { location: { viewId: 'alfine.tasks' } };
    return vscode.window.withProgress(progress, () => this.ctx.execute(command, argument));
  }

  /** Sends the server its own argument back. */
  private async forward(command: ServerCommand, argument: Sent): Promise<unknown> {
    return this.send(command, argument as unknown as CommandArguments[ServerCommand]);
  }

  /** A command for a task and nothing else. */
  private onTask(command: ServerCommand, action: Action, question: string): void {
    this.register(command, async (argument) => {
      if (isSent(argument)) return this.forward(command, argument);
      const task = await this.pick(action, question, argument);
      return task && this.send(command, nameOf(task));
    });
  }

  private loops(): void {
    this.register('alfine.start', async (argument) => {
      if (isSent(argument)) return this.start(argument as unknown as CommandArguments['alfine.start']);
      const task = await this.pick('start', 'Which task is to be started?', argument);
      return task?.uri === undefined ? undefined : this.start({ task: task.task, uri: task.uri });
    });
    this.register('alfine.startPlan', async (argument) => {
      const uri = await this.pickPlan('Which plan is to be started, task by task?', argument);
      return uri && this.start({ uri });
    });
    this.register('alfine.startHere', async (argument) => {
      if (isSent(argument) && argument['uri'] !== undefined) return this.forward('alfine.startHere', argument);
      const editor = vscode.window.activeTextEditor;
      if (editor?.document.uri.scheme !== 'file') throw new Error('Open a file first, and select what the loop is about.');
      const prompt = await input.words('What is to be done here?', 'such as: cover this with tests');
      if (prompt === undefined) return undefined;
      const { start, end } = editor.selection;
      const range = { start: { line: start.line, character: start.character }, end: { line: end.line, character: end.character } };
      return this.send('alfine.startHere', { uri: editor.document.uri.toString(), range, prompt });
    });
    this.onTask('alfine.pause', 'pause', 'Which loop is to be held after its iteration?');
    this.onTask('alfine.stop', 'stop', 'Which loop is to be stopped?');
    this.onTask('alfine.continue', 'continue', 'Which loop is to go on?');
    this.register('alfine.continueWith', async (argument) => {
      const task = await this.pick('continue', 'Which loop is to go on?', argument);
      if (task === undefined) return undefined;
      const maxIterations = await input.limit(task);
      return maxIterations === undefined ? undefined : this.send('alfine.continue', { ...nameOf(task), maxIterations });
    });
    this.register('alfine.resetBreaker', async (argument) => {
      const task = await this.pick('continue', 'Which loop is to go on, with every counter at zero?', argument);
      return task && this.send('alfine.continue', { ...nameOf(task), resetBreaker: true });
    });
    this.register('alfine.merge', async (argument) => {
      const task = await this.pick('merge', 'Which task’s work is to be merged?', argument);
      if (task === undefined) return undefined;
      // The server ticks the task in a plan that is open; what was saved before is saved after.
      const plan = documentOf(task.uri);
      const wasSaved = plan?.isDirty === false;
      const merged = await this.send('alfine.merge', nameOf(task));
      if (wasSaved && plan.isDirty) await plan.save();
      return merged;
    });
    this.onTask('alfine.rework', 'rework', 'Which task’s work is to be worked on again, on top of its branch as it is now?');
    this.register('alfine.discard', async (argument) => {
      const task = await this.pick('discard', 'Which task’s work is to be thrown away?', argument);
      if (task === undefined || !(await input.reallyDiscard(task))) return undefined;
      return this.send('alfine.discard', nameOf(task));
    });
    this.onTask('alfine.restoreCheckout', 'restoreCheckout', 'While which task’s agent ran is your checkout to be brought back?');
    this.onTask('alfine.keepCheckout', 'keepCheckout', 'The changes of which task’s time are yours?');
    for (const command of ['alfine.rewind', 'alfine.fork'] as const) this.atIteration(command);
  }

  /** Loops are started from the file on the disk, as a program is when it is run. */
  private async start(argument: CommandArguments['alfine.start']): Promise<unknown> {
    const plan = documentOf(argument.uri);
    if (plan?.isDirty === true && vscode.workspace.isTrusted) await plan.save();
    return this.send('alfine.start', argument);
  }

  private atIteration(command: 'alfine.rewind' | 'alfine.fork'): void {
    const action = command === 'alfine.rewind' ? 'rewind' : 'fork';
    const question = action === 'rewind' ? 'Which loop is to be set back?' : 'Which loop is to be begun anew?';
    this.register(command, async (argument) => {
      if (isSent(argument) && typeof argument['iteration'] === 'number') return this.forward(command, argument);
      const task = await this.pick(action, question, argument);
      if (task === undefined) return undefined;
      const own = isNode(argument) && argument.kind === 'changes' ? argument.iteration : undefined;
      const iteration = own ?? (await input.iteration(task, action === 'rewind' ? 'Set the tree back to' : 'Start a new loop from'));
      return iteration === undefined ? undefined : this.send(command, { ...nameOf(task), iteration });
    });
  }

  private words(): void {
    this.register('alfine.steer', async (argument) => {
      if (isSent(argument) && typeof argument['text'] === 'string') return this.forward('alfine.steer', argument);
      const task = await this.pick('steer', 'Whose agent is to get a note?', argument);
      if (task === undefined) return undefined;
      const text = await input.words(`A note for the agent of ${name(task)}`, 'such as: use the existing Money type');
      return text === undefined ? undefined : this.send('alfine.steer', { ...nameOf(task), text });
    });
    this.register('alfine.answer', async (argument) => {
      const sent = isSent(argument) ? argument : {};
      if (sent['approved'] === true || typeof sent['text'] === 'string') return this.forward('alfine.answer', sent);
      const task = await this.pick('answer', 'Which loop is to get an answer?', argument);
      if (task === undefined) return undefined;
      // It may have been answered in another window meanwhile.
      if (!actionsOf(task).has('answer')) throw new Nothing(`${name(task)} asks nothing any more: it is ${task.status}.`);
      const asked = sent['approved'] === false ? 'reject' : isSent(argument) ? 'words' : undefined;
      const answer = await input.answer(task, asked);
      if (answer === undefined) return undefined;
      const approval = typeof sent['approval'] === 'number' ? { approval: sent['approval'] } : {};
      return this.send('alfine.answer', { ...nameOf(task), ...approval, ...answer });
    });
  }

  private looks(): void {
    this.register('alfine.showTranscript', async (argument) => {
      const task = await this.pick('transcript', 'Whose transcript?', argument);
      return task && this.transcripts.show(task, iterationOf(argument));
    });
    this.register('alfine.showDiff', async (argument) => {
      // Two iterations that do not follow each other are compared by the server.
      if (isSent(argument) && typeof argument['against'] === 'number') return this.forward('alfine.showDiff', argument);
      const task = await this.pick('changes', 'Whose changes?', argument);
      return task && this.changes.show(task, iterationOf(argument));
    });
    this.register('alfine.openChange', async (argument) => {
      if (isFile(argument)) await this.changes.showFile(argument.of.task, argument.changes, argument.file, argument.of.iteration);
    });
    this.register('alfine.openFile', async (argument) => {
      if (isFile(argument)) await this.changes.openFile(argument.of.task, argument.file);
    });
    this.register('alfine.openWorktree', async (argument) => {
      const task = await this.pick('worktree', 'Whose worktree?', argument);
      if (task?.worktree === undefined) return undefined;
      return vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(task.worktree), { forceNewWindow: true });
    });
    this.register('alfine.openTask', async (argument) => {
      const { uri, range } = placeOf(argument);
      if (uri === undefined) throw new Error('This task is in no plan any more.');
      const editor = await vscode.window.showTextDocument(vscode.Uri.parse(uri));
      if (range === undefined) return;
      const place = new vscode.Position(range.start.line, range.start.character);
      editor.selection = new vscode.Selection(place, place);
      editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    });
    this.register('alfine.showTasks', async () => vscode.commands.executeCommand('alfine.tasks.focus'));
  }

  private surroundings(): void {
    this.register('alfine.newPlan', () => this.newPlan());
    this.register('alfine.demo', async () => {
      const [folder] = vscode.workspace.workspaceFolders ?? [];
      this.inTerminal('Alfine: Demo', ['demo'], folder?.uri);
      return Promise.resolve();
    });
    this.register('alfine.doctor', async () => {
      const isOpen = vscode.workspace.workspaceFolders !== undefined;
      const folder = isOpen ? await pickFolder('Which folder’s setup?') : undefined;
      if (folder !== undefined || !isOpen) this.inTerminal('Alfine: Setup', ['doctor'], folder);
    });
    this.register('alfine.restartServer', () => this.ctx.restart());
    this.register('alfine.showLog', async () => {
      this.ctx.output.show();
      return Promise.resolve();
    });
    this.register('alfine.refresh', () => this.ctx.refresh());
    this.register('alfine.explain', () => this.explain());
    this.register('alfine.openWalkthrough', async () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', `${this.ctx.extension.extension.id}#start`, false),
    );
  }

  /** The commands of which the server's table says all that is to be known. */
  private others(): void {
    for (const command of Object.keys(serverCommands) as ServerCommand[]) {
      if (this.registered.has(command)) continue;
      const { takes, title } = serverCommands[command];
      this.register(command, async (argument) => {
        if (isSent(argument)) return this.forward(command, argument);
        if (takes === 'more') throw new Error(`“${title}” is there in the plan, at what it is about.`);
        const uri = takes === 'plan' ? await this.pickPlan('Which plan?', argument) : undefined;
        if (uri !== undefined) return this.forward(command, { uri });
        const task = takes === 'task' ? await this.pick(undefined, 'Which task?', argument) : undefined;
        return task && this.forward(command, { ...nameOf(task) });
      });
    }
  }

  /** Says why there is no server, and offers what may help. */
  async explain(): Promise<void> {
    const { state } = this.ctx;
    if (state.is !== 'failed') return;
    const fix = state.setting ? 'Open Setting' : 'Show Log';
    const chosen = await vscode.window.showErrorMessage(`${state.message} ${state.remedy}`, 'Try Again', fix);
    if (chosen === 'Try Again') await this.ctx.restart();
    if (chosen === 'Show Log') this.ctx.output.show();
    if (chosen === 'Open Setting') {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'alfine.server.path');
    }
  }

  /** Writes a plan and settings, as `alfine init` does, and opens the plan. */
  private async newPlan(): Promise<void> {
    if (!vscode.workspace.isTrusted) {
      await explainRestricted();
      return;
    }
    const folder = await pickFolder('Where is the plan to be?');
    if (folder === undefined) return;
    const { program } = this.running();
    await run(program.path, ['-C', folder.fsPath, 'init']);
    const root = (await run('git', ['-C', folder.fsPath, 'rev-parse', '--show-toplevel'])).trim();
    await vscode.window.showTextDocument(vscode.Uri.file(join(root, 'PLAN.md')));
  }

  private inTerminal(title: string, args: string[], folder: vscode.Uri | undefined): void {
    const { program } = this.running();
    const cwd = folder?.fsPath ?? homedir();
    const terminal = vscode.window.createTerminal({ name: title, iconPath: new vscode.ThemeIcon('sync'), cwd });
    terminal.show();
    terminal.sendText([program.path, ...args].map(quoted).join(' '));
  }

  private running() {
    const { state } = this.ctx;
    if (state.is === 'ready') return state;
    throw new Error(
      state.is === 'failed' ? `${state.message} ${state.remedy}` : 'Alfine’s server is not ready yet. Try again in a moment.',
    );
  }

  /** The task that a command is about: where it was called, or as the user chooses. */
  private async pick(action: Action | undefined, question: string, argument: Argument): Promise<TaskView | undefined> {
    const named = this.named(action, argument);
    if (named !== undefined) return named;
    const tasks = this.ctx.tasks.allowing(action);
    if (tasks.length === 0) throw new Nothing(action === undefined ? 'There is no task here yet.' : nothingTo[action]);
    const here = this.atCursor();
    if (here !== undefined && (action === undefined || actionsOf(here).has(action))) return here;
    if (tasks.length === 1) return tasks[0];
    const items = tasks.map((task) => ({
      label: name(task),
      description: [folderOf(task), task.summary].filter((part) => part !== undefined).join(' · '),
      iconPath: iconOf(task.status),
      detail: why(task),
      task,
    }));
    const chosen = await vscode.window.showQuickPick(items, { title: question, matchOnDescription: true, matchOnDetail: true });
    return chosen?.task;
  }

  /** The task that an argument names. Two folders may have one of the same key. */
  private named(action: Action | undefined, argument: Argument): TaskView | undefined {
    const key = keyOf(argument);
    if (key === undefined) return undefined;
    const { tasks } = this.ctx;
    const plan = isNode(argument) ? taskOf(argument)?.uri : planOf(argument);
    const exact = plan === undefined && !isNode(argument) ? undefined : tasks.get(key, plan);
    const here = vscode.window.activeTextEditor?.document.uri.toString();
    const task = exact ?? (isNode(argument) ? undefined : tasks.meant(key, action, here));
    if (task === undefined) throw new Error(`There is no task ${key} any more.`);
    return task;
  }

  private atCursor(): TaskView | undefined {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return undefined;
    const uri = editor.document.uri.toString();
    const line = editor.selection.active.line;
    const above = this.ctx.tasks
      .all()
      .filter((task) => task.uri === uri)
      .filter(({ range }) => range !== undefined && range.start.line <= line);
    return above.at(-1);
  }

  private async pickPlan(question: string, argument: Argument): Promise<string | undefined> {
    if (argument instanceof vscode.Uri) return argument.toString();
    if (isNode(argument) && argument.kind === 'plan') return argument.uri;
    const uris = [...new Set(this.ctx.tasks.all().flatMap(({ uri }) => uri ?? []))];
    const active = vscode.window.activeTextEditor?.document.uri.toString();
    if (active !== undefined && uris.includes(active)) return active;
    if (uris.length === 0) throw new Nothing('There is no plan here yet. Write one with “Alfine: Write a First Plan”.');
    if (uris.length === 1) return uris[0];
    const items = uris.map((uri) => ({ label: vscode.workspace.asRelativePath(vscode.Uri.parse(uri)), uri }));
    return (await vscode.window.showQuickPick(items, { title: question }))?.uri;
  }
}

/** There is nothing to do it with. That is not an error. */
class Nothing extends Error {}

const nothingTo: Record<Action, string> = {
  start: 'No task is ready to be started.',
  pause: 'No loop is at work.',
  stop: 'No loop is at work.',
  continue: 'No loop is waiting to go on.',
  steer: 'No loop is there that could get a note.',
  answer: 'No loop asks anything.',
  rewind: 'No loop at rest has an iteration to go back to.',
  fork: 'No loop at rest has an iteration to begin from.',
  merge: 'No task is done and not merged yet.',
  rework: 'No task is done and not merged yet.',
  discard: 'No loop at rest has work to throw away.',
  restoreCheckout: 'Nothing is known to have changed in your checkout while an agent ran.',
  keepCheckout: 'Nothing is known to have changed in your checkout while an agent ran.',
  transcript: 'No agent has said anything yet.',
  changes: 'No loop has changed anything yet.',
  worktree: 'No loop has a worktree.',
};

/** Says why nothing runs here. */
export async function explainRestricted(): Promise<void> {
  const manage = 'Manage Workspace Trust';
  const chosen = await vscode.window.showWarningMessage(
    'This folder is in Restricted Mode: its plans are checked, and nothing runs. Trust it to start loops.',
    manage,
  );
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage');
}

async function pickFolder(placeHolder: string): Promise<vscode.Uri | undefined> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  if (folders.length === 0) throw new Error('Open a folder with a git repository first.');
  if (folders.length === 1) return folders[0]?.uri;
  return (await vscode.window.showWorkspaceFolderPick({ placeHolder }))?.uri;
}

function documentOf(uri: unknown): vscode.TextDocument | undefined {
  if (typeof uri !== 'string') return undefined;
  const key = vscode.Uri.parse(uri).toString();
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === key);
}

function isNode(argument: Argument): argument is Node {
  return typeof argument === 'object' && 'kind' in argument && typeof argument.kind === 'string';
}

function isFile(argument: Argument): argument is FileNode {
  return isNode(argument) && argument.kind === 'file';
}

/** Whether an argument is the server's, to be sent back as it is. */
function isSent(argument: Argument): argument is Sent {
  if (argument === undefined || argument instanceof vscode.Uri || isNode(argument)) return false;
  return typeof argument['task'] === 'string' || typeof argument['uri'] === 'string';
}

function taskOf(node: Node): TaskView | undefined {
  if (node.kind === 'task' || node.kind === 'changes') return node.task;
  return node.kind === 'file' ? node.of.task : undefined;
}

function keyOf(argument: Argument): string | undefined {
  if (isNode(argument)) return taskOf(argument)?.task;
  const task = isSent(argument) ? argument['task'] : undefined;
  return typeof task === 'string' ? task : undefined;
}

/** The plan that the server names. What it asks by itself, it asks by the key alone. */
function planOf(argument: Argument): string | undefined {
  const uri = isSent(argument) ? argument['uri'] : undefined;
  return typeof uri === 'string' ? vscode.Uri.parse(uri).toString() : undefined;
}

/** What says to the server which task is meant. */
function nameOf({ task, uri }: TaskView): TaskName {
  return { task, ...(uri === undefined ? {} : { uri }) };
}

function iterationOf(argument: Argument): number | undefined {
  if (isNode(argument)) return argument.kind === 'changes' ? argument.iteration : undefined;
  const iteration = isSent(argument) ? argument['iteration'] : undefined;
  return typeof iteration === 'number' ? iteration : undefined;
}

function placeOf(argument: Argument): { uri: string | undefined; range?: TaskView['range'] } {
  if (!isNode(argument)) return { uri: undefined };
  if (argument.kind === 'plan') return { uri: argument.uri };
  if (argument.kind === 'task' || argument.kind === 'changes') return { uri: argument.task.uri, range: argument.task.range };
  return { uri: undefined };
}

/** A word of a shell's line. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

