import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findFiles } from '../../src/features/found-files.js';
import { hashKey } from '../../src/features/folder.js';
import { hashOf, KEY, openStore, sampleFeatures } from '../support/features/sample.js';
import { ROOT } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';

const SCRIPT = join(ROOT, 'test/support/features/write-forever.ts');

/** Two processes that store the same images, killed when both have stored something and some time has passed. */
async function killWriters(folder: string, afterMs: number): Promise<string> {
  let printed = '';
  const writers = [0, 100].map((first) => {
    const args = ['--import', 'tsx', SCRIPT, folder, String(first)];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
    return child;
  });
  await Promise.all(writers.map((child) => once(child.stdout, 'data')));
  await sleep(afterMs);
  for (const child of writers) child.kill('SIGKILL');
  await Promise.all(writers.map((child) => once(child, 'close')));
  return printed;
}

describe('processes that are killed while they store features', () => {
  it('leave files that are complete, and others are not disturbed', async () => {
    const folder = join(await temporaryFolder(), 'features');
    for (const afterMs of [3, 41, 90]) expect(await killWriters(folder, afterMs)).not.toMatch(/problem/);
    const { store, problems } = await openStore(folder);
    let complete = 0;
    for await (const files of findFiles(join(folder, hashKey(KEY)))) {
      for (const { sha256 } of files) {
        if (sha256 === undefined) continue; // half-written, under another name
        expect(await store.read(sha256)).toBeDefined();
        complete++;
      }
    }
    expect(complete).toBeGreaterThan(1);
    expect(problems).toEqual([]);
    await store.write(sampleFeatures(3, 20_000));
    expect(await store.read(hashOf(3))).toBeDefined();
  }, 120_000);
});
