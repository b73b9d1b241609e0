// The commands and where they stand in menus. `palette` is the clause under which the palette shows one. The server's own
// commands have their titles from its table; one that is not here is in the palette as long as the server runs.
import { readFileSync } from 'node:fs';

const table = JSON.parse(readFileSync(new URL('../src/server_commands.json', import.meta.url), 'utf8'));

const can = (action) => `alfine.can.${action}`;
const running = 'isWorkspaceTrusted';
const hidden = 'false';
const server = 'alfine.server == ready';
// In a remote window the editor's own name for a file is another than the extension's; the path is the same.
const onDisk = 'resourceScheme =~ /^(file|vscode-remote)$/';

export const commands = {
  start: { icon: 'play', palette: `${can('start')} && ${running}` },
  startPlan: { title: 'Start Loops of a Plan', icon: 'run-all', palette: `${can('start')} && ${running}` },
  startHere: { icon: 'play', palette: `${server} && ${running} && ${onDisk}` },
  pause: { icon: 'debug-pause', palette: can('pause') },
  stop: { icon: 'debug-stop', palette: can('stop') },
  continue: { icon: 'debug-continue', palette: `${can('continue')} && ${running}` },
  pausePlan: { palette: can('pause') },
  stopPlan: { palette: can('stop') },
  continuePlan: { palette: `${can('continue')} && ${running}` },
  mergePlan: { icon: 'git-merge', palette: hidden },
  continueWith: { title: 'Continue Loop with More Iterations…', palette: `${can('continue')} && ${running}` },
  resetBreaker: { title: 'Reset Breaker and Continue Loop', palette: `${can('continue')} && ${running}` },
  steer: { icon: 'comment', palette: can('steer') },
  answer: { icon: 'comment-discussion', palette: `${can('answer')} && ${running}` },
  rewind: { icon: 'discard', palette: `${can('rewind')} && ${running}` },
  fork: { icon: 'repo-forked', palette: `${can('fork')} && ${running}` },
  merge: { icon: 'git-merge', palette: `${can('merge')} && ${running}` },
  rework: { icon: 'git-pull-request-draft', palette: `${can('rework')} && ${running}` },
  discard: { icon: 'trash', palette: can('discard') },
  restoreCheckout: { icon: 'history', palette: can('restoreCheckout') },
  keepCheckout: { icon: 'check', palette: can('keepCheckout') },
  showTranscript: { icon: 'output', palette: can('transcript') },
  showDiff: { icon: 'diff-multiple', palette: can('changes') },
  openWorktree: { icon: 'empty-window', palette: can('worktree') },
  trust: { icon: 'shield', palette: `alfine.hasPlans && ${running}` },
  newPlan: { title: 'Write a First Plan', icon: 'new-file', palette: `${server} && ${running} && workbenchState != empty` },
  demo: { title: 'Play the Demo', palette: server },
  doctor: { title: 'Check the Setup', palette: server },
  showTasks: { title: 'Show Tasks', palette: hidden },
  openWalkthrough: { title: 'Open Walkthrough', palette: 'true' },
  refresh: { title: 'Refresh Tasks', icon: 'refresh', palette: server },
  restartServer: { title: 'Restart Server', palette: 'true' },
  showLog: { title: 'Show Log', palette: 'true' },
  explain: { title: 'Explain Why the Server Does Not Run', palette: 'alfine.server == failed' },
  openTask: { title: 'Go to Task', icon: 'go-to-file', palette: hidden },
  openChange: { title: 'Show Change', icon: 'diff', palette: hidden },
  openFile: { title: 'Open File', icon: 'go-to-file', palette: hidden },
};
for (const [command, { title, runs }] of Object.entries(table)) {
  const id = command.replace('alfine.', '');
  commands[id] = { palette: runs ? `${server} && ${running}` : server, ...commands[id], title };
}

const inView = 'view == alfine.tasks';
const item = (action) => `${inView} && viewItem =~ /^alfine\\.task;.*\\b${action};/`;
const entry = (command, when, group) => ({ command: `alfine.${command}`, when, group });

export const menus = {
  'view/title': [
    entry('newPlan', `${inView} && ${server} && ${running}`, '2_new@1'),
    entry('refresh', `${inView} && ${server}`, '3_view@1'),
    entry('doctor', `${inView} && ${server}`, '4_setup@1'),
    entry('restartServer', inView, '4_setup@2'),
    entry('showLog', inView, '4_setup@3'),
  ],
  'view/item/context': [
    entry('startPlan', `${inView} && viewItem =~ /^alfine\\.plan;.*\\bstart;/ && ${running}`, 'inline@1'),
    entry('start', `${item('start')} && ${running}`, 'inline@1'),
    entry('answer', `${item('answer')} && ${running}`, 'inline@1'),
    entry('pause', item('pause'), 'inline@1'),
    entry('continue', `${item('continue')} && ${running} && !(viewItem =~ /\\banswer;/)`, 'inline@1'),
    entry('merge', `${item('merge')} && ${running}`, 'inline@1'),
    entry('stop', `${item('stop')} && viewItem =~ /\\bpause;/`, 'inline@2'),
    entry('showTranscript', item('transcript'), 'inline@3'),
    entry('showDiff', item('changes'), 'inline@4'),
    entry('showDiff', `${inView} && viewItem =~ /^alfine\\.(changes|iteration);/`, 'inline@4'),
    entry('showTranscript', `${inView} && viewItem =~ /^alfine\\.iteration;/`, 'inline@3'),
    entry('openFile', `${inView} && viewItem == alfine.file`, 'inline@1'),

    entry('startPlan', `${inView} && viewItem =~ /^alfine\\.plan;.*\\bstart;/ && ${running}`, '1_loop@1'),
    entry('start', `${item('start')} && ${running}`, '1_loop@1'),
    entry('answer', `${item('answer')} && ${running}`, '1_loop@1'),
    entry('pause', item('pause'), '1_loop@2'),
    entry('continue', `${item('continue')} && ${running}`, '1_loop@3'),
    entry('continueWith', `${item('continue')} && ${running}`, '1_loop@4'),
    entry('resetBreaker', `${item('continue')} && ${running}`, '1_loop@5'),
    entry('stop', item('stop'), '1_loop@6'),
    entry('steer', item('steer'), '2_agent@1'),
    entry('showTranscript', item('transcript'), '3_look@1'),
    entry('showDiff', item('changes'), '3_look@2'),
    entry('openWorktree', item('worktree'), '3_look@3'),
    entry('rewind', `${item('rewind')} && ${running}`, '4_back@1'),
    entry('fork', `${item('fork')} && ${running}`, '4_back@2'),
    entry('merge', `${item('merge')} && ${running}`, '5_work@1'),
    entry('restoreCheckout', item('restoreCheckout'), '4_back@3'),
    entry('keepCheckout', item('keepCheckout'), '4_back@4'),
    entry('rework', `${item('rework')} && ${running}`, '5_work@2'),
    entry('discard', item('discard'), '5_work@3'),
    entry('openTask', `${inView} && viewItem =~ /^alfine\\.task;/`, '6_plan@1'),
    entry('trust', `${inView} && viewItem =~ /^alfine\\.plan;/ && ${running}`, '6_plan@2'),
    entry('showDiff', `${inView} && viewItem =~ /^alfine\\.(changes|iteration);/`, '3_look@2'),
    entry('showTranscript', `${inView} && viewItem =~ /^alfine\\.iteration;/`, '3_look@1'),
    entry('rewind', `${inView} && viewItem =~ /^alfine\\.iteration;.*\\brewind;/ && ${running}`, '4_back@1'),
    entry('fork', `${inView} && viewItem =~ /^alfine\\.iteration;.*\\bfork;/ && ${running}`, '4_back@2'),
    entry('openChange', `${inView} && viewItem =~ /^alfine\\.(file|gone)$/`, '3_look@1'),
    entry('openFile', `${inView} && viewItem == alfine.file`, '3_look@2'),
  ],
  'editor/title/run': [entry('startPlan', `resourcePath in alfine.plans && ${can('start')} && ${running}`, 'alfine@1')],
  'editor/context': [entry('startHere', `${server} && ${running} && editorHasSelection && ${onDisk}`, 'z_alfine@1')],
};
