import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { SHARED } from '../support/model/golden.js';
import { scene, TestServer } from '../support/server.js';

const CORPUS = join(SHARED, 'corpus');
const ordinary = await scene('scene-01.jpg');

/** Of the worker of a server that has one, in MB of 1e6 bytes. */
async function memoryOf(server: TestServer) {
  const [pid] = await server.running.workers();
  const status = readFileSync(`/proc/${pid!}/status`, 'utf8');
  const read = (field: string) => (Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

describe.skipIf(process.platform !== 'linux')('a worker returns the memory of large images (needs /proc)', () => {
  it('after repeated images of several formats', async () => {
    await using server = await TestServer.ready({ args: ['--workers-per-device', '1'] });
    const create = { width: 700, height: 65_000, channels: 3, background: '#285aa0' } as const;
    const image = sharp({ create });
    const encoded = await Promise.all([
      image.clone().gif({ effort: 1 }).toBuffer(),
      image.clone().jpeg({ progressive: true }).toBuffer(),
      image.clone().png().toBuffer(),
    ]);
    for (let round = 0; round < 3; round++) {
      for (const bytes of encoded) expect((await server.post(Uint8Array.from(bytes))).status).toBe(200);
    }
    for (let i = 0; i < 5; i++) expect((await server.post(ordinary)).status).toBe(200);
    const { now, peak } = await memoryOf(server);
    expect(peak).toBeLessThan(1000);
    expect(now).toBeLessThan(480); // 540 to 700 before; an image of these takes 140
  });

  it.skipIf(!existsSync(CORPUS))('of the corpus of hostile images (skipped where it is absent)', async () => {
    const args = ['--workers-per-device', '1', '--max-pixels', '268402689', '--timeout-sec', '120'];
    await using server = await TestServer.ready({ args });
    const files = readdirSync(CORPUS, { recursive: true, encoding: 'utf8' }).map((name) => join(CORPUS, name));
    for (const file of files.filter((path) => statSync(path).isFile())) {
      await (await server.post(Uint8Array.from(await readFile(file)))).arrayBuffer();
    }
    const { now, peak } = await memoryOf(server);
    expect(peak).toBeLessThan(1000);
    expect(now).toBeLessThan(480);
    expect(await server.metrics('worker_restarts_total')).toEqual([0]);
  });
});
