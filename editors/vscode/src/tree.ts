/**
 * The view of plans, their tasks, the tasks' iterations, and the files that each changed.
 */
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { Answers } from './answers';
import { Calm } from './calm';
import { type Changes, type ChangesProvider, type FileChange, folderOf, rootOf } from './changes';
import type { Ctx } from './ctx';
import { reason } from './ctx';
import { iconOf } from './icons';
import type { TaskView } from './protocol';
import { actionsOf, count, details, name } from './task';

export type Node = PlanNode | TaskNode | ChangesNode | FileNode | MessageNode;

export interface PlanNode {
  kind: 'plan';
  plan: string;
  uri: string | undefined;
}

export interface TaskNode {
  kind: 'task';
  task: TaskView;
}

/** What an iteration changed; without one, the whole loop. */
export interface ChangesNode {
  kind: 'changes';
  task: TaskView;
  iteration: number | undefined;
}

export interface FileNode {
  kind: 'file';
  of: ChangesNode;
  changes: Changes;
  file: FileChange;
}

interface MessageNode {
  kind: 'message';
  text: string;
}

/** VS Code redraws a view once it has heard of no change for 200 ms. With changes more often, it would wait for ever. */
const REST_MS = 500;

export class Tree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<Node>;
  private readonly told = new Calm(() => {
    this.changed.fire(undefined);
  }, REST_MS);
  private readonly answers = new Answers<Changes>();

  constructor(
    private readonly ctx: Ctx,
    private readonly changes: ChangesProvider,
  ) {
    this.view = vscode.window.createTreeView('alfine.tasks', { treeDataProvider: this, showCollapseAll: true });
    const refresh = () => {
      this.refresh();
    };
    ctx.extension.subscriptions.push(
      this.view,
      this.changed,
      this.told,
      ctx.tasks.onChange(refresh),
      ctx.onState(refresh),
      this.view.onDidChangeVisibility(refresh),
    );
  }

  private refresh(): void {
    const needing = this.ctx.tasks.all().filter(({ needsYou }) => needsYou).length;
    this.view.badge =
      needing === 0 ? undefined : { value: needing, tooltip: `${count(needing, 'task needs', 'tasks need')} you` };
    this.told.ask();
  }

  async getChildren(node?: Node): Promise<Node[]> {
    switch (node?.kind) {
      case undefined:
        return this.plans();
      case 'plan':
        return this.ctx.tasks
          .all()
          .filter(({ plan, uri }) => plan === node.plan && uri === node.uri)
          .map((task) => ({ kind: 'task', task }));
      case 'task':
        return iterationsOf(node.task);
      case 'changes':
        return this.filesOf(node);
      default:
        return [];
    }
  }

  private plans(): PlanNode[] {
    const plans = new Map<string, PlanNode>();
    for (const { plan, uri } of this.ctx.tasks.all()) {
      const key = `${uri ?? ''} ${plan}`;
      if (!plans.has(key)) plans.set(key, { kind: 'plan', plan, uri });
    }
    return [...plans.values()];
  }

  private async filesOf(node: ChangesNode): Promise<Node[]> {
    try {
      const changes = await this.changesOf(node);
      if (changes.files.length === 0) return [{ kind: 'message', text: 'Nothing changed' }];
      return changes.files.map((file) => ({ kind: 'file', of: node, changes, file }));
    } catch (error) {
      return [{ kind: 'message', text: reason(error).split('\n')[0] ?? '' }];
    }
  }

  /** Asked once as long as the loop takes no step, for every word of any loop refreshes the view. */
  private changesOf({ task, iteration }: ChangesNode): Promise<Changes> {
    const key = `${task.uri ?? ''} ${task.loopId ?? ''} ${iteration ?? 'all'}`;
    const state = [task.status, task.iteration, task.filesChanged, task.updatedAt].join(' ');
    return this.answers.get(key, state, () => this.changes.of(task, iteration));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    switch (node.kind) {
      case 'plan':
        return this.planItem(node);
      case 'task':
        return taskItem(node.task);
      case 'changes':
        return changesItem(node);
      case 'file':
        return fileItem(node);
      case 'message':
        return new vscode.TreeItem(node.text);
    }
  }

  /** What is known of a task is much, and asked for one by one. */
  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    if (node.kind === 'task') item.tooltip = new vscode.MarkdownString(details(node.task), true);
    return item;
  }

  private planItem({ plan, uri }: PlanNode): vscode.TreeItem {
    const item = new vscode.TreeItem(basename(plan), vscode.TreeItemCollapsibleState.Expanded);
    const tasks = this.ctx.tasks.all().filter((task) => task.plan === plan && task.uri === uri);
    const done = tasks.filter(({ status }) => status === 'done' || status === 'merged').length;
    const folders = [tasks[0] && folderOf(tasks[0]), dirname(plan) === '.' ? undefined : dirname(plan)];
    item.id = `plan ${uri ?? plan}`;
    item.description = [...folders, `${done} of ${tasks.length} done`].filter((part) => part !== undefined).join(' · ');
    item.accessibilityInformation = { label: `${basename(plan)}, ${item.description}` };
    item.iconPath = new vscode.ThemeIcon('checklist');
    item.contextValue = tasks.some(({ status }) => status === 'ready') ? 'alfine.plan;start;' : 'alfine.plan;';
    if (uri !== undefined) {
      item.tooltip = vscode.Uri.parse(uri).fsPath;
      item.command = { command: 'alfine.openTask', title: 'Open', arguments: [{ kind: 'plan', plan, uri }] };
    }
    return item;
  }
}

/** A loop's changes as a whole first, then its iterations, the last one first. */
function iterationsOf(task: TaskView): ChangesNode[] {
  if (task.loopId === undefined || task.iteration === 0) return [];
  const iterations = Array.from({ length: task.iteration }, (_, index) => task.iteration - index);
  return [undefined, ...iterations].map((iteration) => ({ kind: 'changes', task, iteration }));
}

function taskItem(task: TaskView): vscode.TreeItem {
  const hasLoop = task.loopId !== undefined && task.iteration > 0;
  const item = new vscode.TreeItem(
    name(task),
    hasLoop ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
  );
  item.id = `task ${task.uri ?? ''} ${task.task}`;
  item.description = task.summary;
  item.iconPath = iconOf(task.status);
  item.contextValue = `alfine.task;${[...actionsOf(task)].join(';')};`;
  item.accessibilityInformation = { label: `${name(task)}, ${task.summary}` };
  item.command = { command: 'alfine.openTask', title: 'Open', arguments: [{ kind: 'task', task }] };
  return item;
}

function changesItem({ task, iteration }: ChangesNode): vscode.TreeItem {
  const item = new vscode.TreeItem(
    iteration === undefined ? 'All changes' : `Iteration ${iteration}`,
    vscode.TreeItemCollapsibleState.Collapsed,
  );
  item.id = `changes ${task.uri ?? ''} ${task.loopId ?? task.task} ${iteration ?? 'all'}`;
  item.iconPath = new vscode.ThemeIcon(iteration === undefined ? 'diff-multiple' : 'history');
  if (iteration === undefined) item.description = count(task.filesChanged, 'file');
  const actions = actionsOf(task);
  const can = iteration === undefined ? '' : ['rewind', 'fork'].filter((it) => actions.has(it as 'fork')).join(';');
  item.contextValue = iteration === undefined ? 'alfine.changes;' : `alfine.iteration;${can};`;
  return item;
}

const letters = { added: 'A', deleted: 'D', modified: 'M', renamed: 'R', type_changed: 'T' } as const;

function fileItem(node: FileNode): vscode.TreeItem {
  const { file, of } = node;
  const item = new vscode.TreeItem(basename(file.path));
  const folder = dirname(file.path) === '.' ? '' : `${dirname(file.path)} · `;
  const lines = (file.added === 0 ? '' : ` +${file.added}`) + (file.removed === 0 ? '' : ` −${file.removed}`);
  item.description = `${folder}${letters[file.change]}${lines}`;
  item.tooltip = file.was === undefined ? file.path : `${file.was} → ${file.path}`;
  item.accessibilityInformation = { label: `${file.path}, ${file.change.replace('_', ' ')}` };
  // The file's own icon, without the colours of the user's working tree.
  item.resourceUri = vscode.Uri.from({ scheme: 'alfine-tree', path: `/${file.path}` });
  item.iconPath = vscode.ThemeIcon.File;
  item.contextValue = file.change === 'deleted' || rootOf(of.task) === undefined ? 'alfine.gone' : 'alfine.file';
  item.command = { command: 'alfine.openChange', title: 'Show Change', arguments: [node] };
  return item;
}
