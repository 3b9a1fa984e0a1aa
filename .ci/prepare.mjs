// Builds what `npx preannotate` runs in a clone, unless nothing that goes into it has changed since: npm calls this
// after `npm ci`, and npx calls it again the first time.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUILT = 'dist/cli/main.js'; // the last that is written
const SOURCES = ['src', '.ci', 'package.json', 'npm-shrinkwrap.json', 'tsconfig.json', 'tsconfig.build.json'];

/** When the latest change under a path was made, also one that removed a file. */
function latestChange(path) {
  const entry = statSync(path);
  const inside = entry.isDirectory() ? readdirSync(path).map((name) => latestChange(join(path, name))) : [];
  return Math.max(entry.mtimeMs, ...inside);
}

const isBuilt = existsSync(BUILT) && statSync(BUILT).mtimeMs > Math.max(...SOURCES.map(latestChange));
if (!isBuilt) process.exitCode = spawnSync('npm run build', { shell: true, stdio: 'inherit' }).status ?? 1;
