import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/errors.js';
import { EMOJI, journalled, preannotate, Running } from '../../support/cli.js';
import { damagedImages, type DamagedImage } from '../../support/damaged-images.js';
import { shuffled } from '../../support/random.js';
import { temporaryFolder } from '../../support/temporary.js';

const COPIES = 3;

describe('the errors of a run over damaged images beside sound ones', () => {
  let images: DamagedImage[];
  let root: string;
  let folder: string; // of images
  let expected: string; // errors.jsonl of a run that decodes one image at a time
  let degraded: Record<string, string | undefined>;
  beforeAll(async () => {
    images = await damagedImages();
    root = await mkdtemp(join(tmpdir(), 'preannotate-errors-'));
    folder = join(root, 'images');
    await mkdir(folder);
    for (let copy = 0; copy < COPIES; copy++) {
      // Neighbours differ from copy to copy.
      const names = shuffled(images, copy).map((image, i) => ({ image, name: `${copy}-${i}-${image.name}` }));
      for (const { image, name } of names) await writeFile(join(folder, name), image.bytes);
    }
    const out = join(root, 'out');
    const { code } = await run(out, '--workers-per-device', '1', '--max-batch-size', '1');
    expect(code).toBe(3);
    expected = await readFile(join(out, 'errors.jsonl'), 'utf8');
    degraded = await degradedOf(out);
  });
  afterAll(() => rm(root, { recursive: true }));

  const run = (out: string, ...args: string[]) =>
    preannotate(['run', folder, ...EMOJI, '--out', out, '--format', 'coco', ...args]);

  async function degradedOf(out: string): Promise<Record<string, string | undefined>> {
    const entries = (await journalled(out)) as { image: string; degraded?: string }[];
    return Object.fromEntries(entries.map((entry) => [entry.image, entry.degraded]));
  }

  it('are sorted by name, and each has the reason of its own image', () => {
    const lines = expected.trim().split('\n');
    const errors = lines.map((line) => JSON.parse(line) as Failure & { image: string });
    expect(errors).toHaveLength(images.filter(({ outcome }) => outcome === 'refused').length * COPIES);
    expect(errors.map(({ image }) => image)).toEqual(errors.map(({ image }) => image).sort());
    for (const { image, message } of errors) {
      const { reason } = images.find(({ name }) => image.endsWith(`-${name}`))!;
      expect(message.replace(/^.*: the \w+ image cannot be decoded: (.*)\.$/, '$1')).toMatch(reason!);
    }
    for (const [image, text] of Object.entries(degraded)) {
      const { outcome, reason } = images.find(({ name }) => image.endsWith(`-${name}`))!;
      if (outcome === 'sound') expect(text).toBeUndefined();
      else expect(text).toMatch(reason!);
    }
  });

  it.each([
    ['three workers', ['--workers-per-device', '3', '--max-batch-size', '8']],
    ['large batches', ['--workers-per-device', '1', '--max-batch-size', '32']],
  ])('are the same bytes with %s, and in a second attempt', async (_what, args) => {
    const out = join(await temporaryFolder(), 'out');
    for (let attempt = 0; attempt < 2; attempt++) {
      expect((await run(out, ...args)).code).toBe(3);
      expect(await readFile(join(out, 'errors.jsonl'), 'utf8')).toBe(expected);
      expect(await degradedOf(out)).toEqual(degraded);
    }
  });

  it('are sorted when the run is stopped, and the same bytes when it has been continued', async () => {
    const out = join(await temporaryFolder(), 'out');
    const running = new Running(['run', folder, ...EMOJI, '--out', out, '--format', 'coco', '--max-batch-size', '4']);
    const lines = async () => (await readFile(join(out, 'errors.jsonl'), 'utf8').catch(() => '')).trim().split('\n');
    while ((await lines()).length < 10) await new Promise((resolve) => setTimeout(resolve, 20));
    running.child.kill('SIGINT');
    expect((await running.finished()).code).toBe(130);
    const there = await lines();
    expect(there).toEqual(expected.split('\n').filter((line) => there.includes(line)));
    expect((await run(out)).code).toBe(3);
    expect(await readFile(join(out, 'errors.jsonl'), 'utf8')).toBe(expected);
  });
});
