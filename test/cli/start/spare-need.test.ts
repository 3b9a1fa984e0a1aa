import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { needsWorkerSoon } from '../../../src/cli/start/spare-need.js';
import { temporaryFolder } from '../../support/temporary.js';

const QUEUE = 'redis://queue-host:6379';

it.each<[string, string[], NodeJS.ProcessEnv, boolean]>([
  ['run', ['run', 'photos'], {}, true],
  ['predict', ['predict', 'photo.jpg'], {}, true],
  ['serve', ['serve'], {}, true],
  ['export', ['export', 'out'], {}, false],
  ['no command', [], {}, false],
  ['--help', ['run', '--help'], {}, false],
  ['--dry-run', ['run', 'photos', '--dry-run'], {}, false],
  ['--queue', ['run', 'photos', '--queue', QUEUE], {}, false],
  ['--queue=', ['run', 'photos', `--queue=${QUEUE}`], {}, false],
  ['PREANNOTATE_QUEUE', ['run', 'photos'], { PREANNOTATE_QUEUE: QUEUE }, false],
  ['PREANNOTATE_QUEUE with predict', ['predict', 'photos'], { PREANNOTATE_QUEUE: QUEUE }, false],
  ['an empty PREANNOTATE_QUEUE', ['run', 'photos'], { PREANNOTATE_QUEUE: '' }, true],
  ['PREANNOTATE_QUEUE, which serve does not read', ['serve'], { PREANNOTATE_QUEUE: QUEUE }, true],
])('a worker process is started ahead of need only where it is used: %s', (_, args, environment, isNeeded) => {
  expect(needsWorkerSoon({ args, environment, cwd: '/nowhere' })).toBe(isNeeded);
});

it('no worker process is started ahead of need when the config file has a queue', async () => {
  const cwd = await temporaryFolder();
  const needs = (environment: NodeJS.ProcessEnv, ...args: string[]) =>
    needsWorkerSoon({ args: ['run', 'photos', ...args], environment, cwd });
  await writeFile(join(cwd, 'other.yaml'), 'ontology: yard.yaml\n# queue: none\n');
  await writeFile(join(cwd, 'preannotate.yaml'), `ontology: yard.yaml\nqueue: ${QUEUE}\n`);
  expect(needs({})).toBe(false);
  expect(needs({}, '--config', 'other.yaml')).toBe(true);
  expect(needs({}, '--config=other.yaml')).toBe(true);
  expect(needs({ PREANNOTATE_CONFIG: 'other.yaml' })).toBe(true);
  expect(needs({ PREANNOTATE_CONFIG: join(cwd, 'preannotate.yaml') })).toBe(false);
});
