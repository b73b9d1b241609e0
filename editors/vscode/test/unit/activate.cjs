// Prints what is loaded to load and activate the extension, as JSON, where the editor's API does nothing.
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
const loaded = new Set();
Module._load = (name, ...rest) => {
  loaded.add(name);
  return name === 'vscode' ? vscode : load(name, ...rest);
};

const { activate } = require(process.argv[2]);
loaded.delete(process.argv[2]);
activate({ subscriptions: [], asAbsolutePath: (path) => path, extensionPath: '/', extension: { packageJSON: { version: '0' } } });
console.log(JSON.stringify([...loaded].sort()));
process.exit(0);
