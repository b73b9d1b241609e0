// Packs a .vsix: `npm run package -- [--target TARGET] [--server PATH_TO_ALFINE] [--out FILE]`.
// TARGET is what vsce calls a platform, such as linux-x64 or darwin-arm64; without it, this machine's. The program is
// packed without debug symbols where `strip` can do that. `--server none` packs none: it is then looked for on PATH.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { target: { type: 'string' }, server: { type: 'string' }, out: { type: 'string' } },
});
const target = values.target ?? `${process.platform}-${process.arch}`;
const server = values.server ?? fileURLToPath(new URL('../../../target/dist/alfine', import.meta.url));
const out = values.out ?? `${root}alfine-${target}.vsix`;
const own = target === `${process.platform}-${process.arch}`;

rmSync(`${root}server`, { recursive: true, force: true });
if (server !== 'none') {
  if (!existsSync(server)) {
    console.error(`there is no ${server}: build it with \`cargo build --profile dist\`, or name one with --server`);
    process.exit(1);
  }
  mkdirSync(`${root}server`);
  copyFileSync(server, `${root}server/alfine`);
  chmodSync(`${root}server/alfine`, 0o755);
  if (own) {
    try {
      execFileSync('strip', [`${root}server/alfine`], { stdio: 'ignore' });
    } catch {
      // Larger, and as good.
    }
  }
}
rmSync(`${root}dist`, { recursive: true, force: true });
copyFileSync(`${root}../../LICENSE-MIT`, `${root}LICENSE`);
execFileSync(process.execPath, [`${root}scripts/build.mjs`], { stdio: 'inherit' });
execFileSync(
  process.execPath,
  [`${root}node_modules/@vscode/vsce/vsce`, 'package', '--no-dependencies', '--target', target, '--out', out],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
);
