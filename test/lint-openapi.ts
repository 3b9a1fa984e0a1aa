import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describeDefaultApi } from './support/openapi.js';

/** Lints /openapi.json with @redocly/cli: offline, without its telemetry and its look for updates. */
const ROOT = resolve(import.meta.dirname, '..');
const folder = await mkdtemp(join(tmpdir(), 'preannotate-openapi-'));
const file = join(folder, 'openapi.json');
const { document } = await describeDefaultApi();
await writeFile(file, JSON.stringify(document));
const args = [
  join(ROOT, 'node_modules/@redocly/cli/bin/cli.js'),
  'lint',
  file,
  '--format',
  'stylish',
  '--config',
  join(ROOT, 'redocly.yaml'),
];
const { status } = spawnSync(process.execPath, args, {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
});
await rm(folder, { recursive: true });
process.exitCode = status ?? 1;
