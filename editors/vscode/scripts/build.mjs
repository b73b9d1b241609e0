// Bundles the extension into dist/. With --watch it goes on as files change.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

// Two files: the client, which is most of it, is loaded when the server is started.
const options = {
  entryPoints: [here('src/main.ts'), here('src/language_client.ts')],
  outdir: here('dist'),
  bundle: true,
  minify: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode', './language_client'],
  // `require` instead: the extension host’s own module is found by it alone.
  supported: { 'dynamic-import': false },
};

mkdirSync(here('dist'), { recursive: true });
copyFileSync(here('../../server/config/alfine.schema.json'), here('dist/alfine.schema.json'));
if (process.argv.includes('--watch')) await (await esbuild.context(options)).watch();
else await esbuild.build(options);
