import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { beginManifest, endManifest, readManifest, type RunManifest } from '../../src/run/manifest.js';
import { preannotate, SCENES, viewsOf } from '../support/cli.js';
import { canMount, resizeDisk, smallDisk } from '../support/system/disk.js';
import { temporaryFolder } from '../support/temporary.js';
import { header } from './journal-header.js';

const running: RunManifest = {
  preannotate: '0.0.0',
  status: 'running',
  created: header.created,
  started: header.created,
  root: '/images',
  model: { reference: 'builtin:emoji', sha256: 'ab' },
  ontology: header.ontology,
  selection: {},
  formats: ['coco'],
  options: header.options,
  counts: { found: 720, annotated: 0, resumed: 0, failed: 0, degraded: 0, skipped: 0, detections: 0 },
  timings: { total_ms: 0, images_ms: 0 },
};
const done: RunManifest = {
  ...running,
  status: 'done',
  finished: '2026-01-01T01:00:00.000Z',
  counts: { ...running.counts, annotated: 720, detections: 123_456_789 },
  timings: { total_ms: 3_600_000.123, images_ms: 3_599_000.456, images_per_second: 0.2 },
};

/** Writes until nothing more fits. */
async function fill(disk: string): Promise<void> {
  await using file = await open(join(disk, 'other'), 'w');
  for (const size of [1 << 16, 1]) {
    try {
      for (;;) await file.write(Buffer.alloc(size));
    } catch {
      // full
    }
  }
}

async function fullDisk(manifest: RunManifest): Promise<string> {
  const disk = await smallDisk('1m');
  await beginManifest(disk, manifest);
  await fill(disk);
  return disk;
}

describe.skipIf(!canMount)('run.json on a full disk (needs the right to mount)', () => {
  it('gets its last state in the space that it has', async () => {
    const disk = await fullDisk(running);
    await endManifest(disk, done);
    expect(await readManifest(disk)).toEqual({ ...done, isChecked: true });
    expect((await readdir(disk)).sort()).toEqual(['other', 'run.json']);
  });

  it('is removed when its last state does not fit, instead of stating that the run is running', async () => {
    const disk = await fullDisk(running);
    const large = { ...done, selection: { note: 'x'.repeat(100_000) } };
    await expect(endManifest(disk, large)).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringMatching(/run\.json: the disk is full/),
    });
    expect(await readdir(disk)).toEqual(['other']);
  });

  it('stays as it is when the file system has become read-only, which is reported', async () => {
    const disk = await smallDisk('1m');
    await beginManifest(disk, running);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expect(endManifest(disk, done)).rejects.toMatchObject({
      message: expect.stringMatching(/run\.json.* the file system is read-only/),
    });
    expect(await readManifest(disk)).toMatchObject({ status: 'running' });
  });
});

describe.skipIf(!canMount)('a run on a disk that becomes full (needs the right to mount)', () => {
  it.each(['16k', '20k', '28k', '40k', '52k', '56k'])(
    'of %s never leaves the status "running", ends with 0 only when it is done, and can be resumed',
    async (size) => {
      const images = join(await temporaryFolder(), 'images');
      await mkdir(images);
      for (const name of ['scene-01.jpg', 'scene-02.jpg']) await copyFile(join(SCENES, name), join(images, name));
      const disk = await smallDisk(size);
      const out = join(disk, 'out');
      const run = (to: string) =>
        preannotate(['run', images, '--model', 'builtin:emoji', '--class', 'wine glass', '--out', to]);
      const { code, stderr } = await run(out);
      const manifest = await readManifest(out);
      expect({ code, status: manifest?.status, stderr }).toMatchObject(
        code === 0
          ? { status: 'done' }
          : { code: 1, status: 'interrupted', stderr: expect.stringMatching(/disk is full/) },
      );
      resizeDisk(disk, '64m');
      expect((await run(out)).code).toBe(0);
      const whole = join(images, '../whole');
      expect((await run(whole)).code).toBe(0);
      const [resumed, reference] = [await viewsOf(out), await viewsOf(whole)];
      expect(resumed).toEqual(reference);
      await rm(whole, { recursive: true });
    },
  );
});
