// The settings that are the extension's own, and those of `alfine.toml` that a folder may not set.

export const ownSettings = {
  'server.path': {
    description: 'The absolute path of the program `alfine`. If it is empty, the bundled program is used, or else the one on `PATH`.',
    type: 'string',
    default: '',
    scope: 'machine',
  },
  'trace.server': {
    description: 'Whether the messages to the server and back are written to the output “Alfine”.',
    type: 'string',
    enum: ['off', 'messages', 'verbose'],
    enumDescriptions: ['Nothing.', 'The messages.', 'The messages with their contents.'],
    default: 'off',
    scope: 'window',
  },
  notify: {
    description: 'When a message is shown. What needs you is also shown in the status bar and in the view.',
    type: 'string',
    enum: ['needsYou', 'always', 'never'],
    enumDescriptions: ['When a loop cannot go on without you.', 'Also when a task is done.', 'Never.'],
    default: 'needsYou',
    scope: 'window',
  },
  'criteria.gutter': {
    description: 'Whether proven, out-of-date and failed acceptance criteria of a plan have a sign in the gutter.',
    type: 'boolean',
    default: true,
    scope: 'window',
  },
};

/**
 * What a folder's `.vscode/settings.json` could have run, or allow, on the user's machine. Alfine takes the editor's
 * word for the user's, so these count only in the user's own settings.
 */
export const userOnly = [
  'verifiers', 'worktree.setup', 'quality_gates.test_command', 'browser_verify', 'agents', 'permissions', 'on_done', 'lands', 'safety',
];
