// Prints how many milliseconds it takes to load and activate the extension, where the editor's API costs nothing.
const Module = require('node:module');

const anything = new Proxy(function () {}, {
  get: (_, key) => (key === 'then' || key === Symbol.iterator ? undefined : key === Symbol.toPrimitive ? () => '' : anything),
  apply: () => anything,
  construct: () => anything,
  set: () => true,
});
const load = Module._load;
class EventEmitter {
  event = () => anything;
  fire() {}
  dispose() {}
}
const parts = 'window workspace commands languages env Uri ThemeColor ThemeIcon MarkdownString StatusBarAlignment';
const vscode = { EventEmitter, ...Object.fromEntries(parts.split(' ').map((part) => [part, anything])) };
Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));

const begun = process.uptime() * 1000;
const { activate } = require(process.argv[2]);
activate({ subscriptions: [], asAbsolutePath: (path) => path, extensionPath: '/', extension: { packageJSON: { version: '0' } } });
console.log(process.uptime() * 1000 - begun);
process.exit(0);
