#!/usr/bin/env node
// A server that says what a test wants, for what the real one never does: crash, hang, be of another version.
//
// FAKE_ALFINE names a JSON file: {"version", "tasks", "crash": "start" | "command", "hang": "initialize" | "shutdown"}.
// Commands are answered with their argument, and written to the file with `.log` added.
import { appendFileSync, readFileSync } from 'node:fs';

const scenario = JSON.parse(readFileSync(process.env.FAKE_ALFINE, 'utf8'));
const commands = Object.keys(JSON.parse(readFileSync(new URL('../../src/server_commands.json', import.meta.url), 'utf8')));
const [, , command] = process.argv;
if (command === '--version') {
  console.log(`alfine ${scenario.version ?? '0.1.0'}`);
  process.exit(0);
}
if (command !== 'lsp' || scenario.crash === 'start') {
  console.error('the fake server ends at once');
  process.exit(70);
}

let buffer = Buffer.alloc(0);
const send = (message) => {
  const text = JSON.stringify({ jsonrpc: '2.0', ...message });
  process.stdout.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
};
const answers = {
  initialize: () => ({ capabilities: { textDocumentSync: 1, executeCommandProvider: { commands } } }),
  shutdown: () => null,
  'alfine/tasks': () => ({ tasks: scenario.tasks ?? [] }),
  'alfine/transcript': () => ({ events: [], next: null }),
  'workspace/executeCommand': (params) => {
    appendFileSync(`${process.env.FAKE_ALFINE}.log`, `${JSON.stringify(params)}\n`);
    if (scenario.crash === 'command') process.exit(70);
    return params;
  },
};

process.stdin.on('data', (data) => {
  buffer = Buffer.concat([buffer, data]);
  for (;;) {
    const head = buffer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = Number(/Content-Length: *(\d+)/i.exec(buffer.subarray(0, head).toString())[1]);
    if (buffer.length < head + 4 + length) return;
    const message = JSON.parse(buffer.subarray(head + 4, head + 4 + length));
    buffer = buffer.subarray(head + 4 + length);
    if (message.method === scenario.hang) continue;
    if (message.method === 'exit') process.exit(0);
    if (message.id === undefined || message.method === undefined) continue;
    const answer = answers[message.method];
    if (answer) send({ id: message.id, result: answer(message.params) ?? null });
    else send({ id: message.id, error: { code: -32601, message: `no ${message.method}` } });
  }
});
process.stdin.on('end', () => {
  if (!scenario.hang) process.exit(0);
  // Only a lock that nobody gives back keeps it.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});
