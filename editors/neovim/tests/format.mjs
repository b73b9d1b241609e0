// Checks that Lua files are formatted as `stylua` with .stylua.toml does it; `--write` formats them.
// node tests/format.mjs [--write] FILE...

import fs from 'node:fs';
import { Config, IndentType, LuaVersion, OutputVerification, QuoteStyle, formatCode } from '@johnnymorganz/stylua';

const write = process.argv[2] === '--write';
const files = process.argv.slice(write ? 3 : 2);
let wrong = 0;
for (const file of files) {
  // What .stylua.toml says; this build of stylua does not read it.
  const config = Config.new();
  config.syntax = LuaVersion.LuaJIT;
  config.column_width = 120;
  config.indent_type = IndentType.Spaces;
  config.indent_width = 2;
  config.quote_style = QuoteStyle.AutoPreferSingle;
  const text = fs.readFileSync(file, 'utf8');
  const formatted = formatCode(text, config, undefined, OutputVerification.None);
  if (formatted === text) continue;
  if (write) {
    fs.writeFileSync(file, formatted);
  } else {
    wrong += 1;
    console.log(`${file} is not formatted`);
  }
}
process.exit(wrong ? 1 : 0);
