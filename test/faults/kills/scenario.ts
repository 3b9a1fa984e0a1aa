import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLine } from '../../../src/disk/checked-line.js';
import { EMOJI, manyScenes, preannotate } from '../../support/cli.js';
import { Random } from '../../support/random.js';
import { viewFiles } from '../../support/view-files.js';
import { killAtRandom, type Killed } from './random-kills.js';

const PARTS = 2;

interface Scenario {
  readonly copies: number; // of the 48 shipped scenes
  readonly kills: number; // of a run, and of parts and merge together
}

/**
 * Kills runs, parts and merges at random moments, each followed by the same command. PREANNOTATE_TEST_SEED repeats the
 * choice of delays and processes, though not the exact moments.
 */
export function describeRandomKills({ copies, kills }: Scenario): void {
  const seed = Number(process.env['PREANNOTATE_TEST_SEED'] ?? Date.now() % 1e6);
  describe(`${kills} kills at random moments (PREANNOTATE_TEST_SEED=${seed})`, () => {
    const random = new Random(seed);
    let folder: string;
    let images: string;
    let total: number;
    let expected: Record<string, string>;
    let wholeMs: number; // of a run that is not disturbed
    let emptyMs: number; // of one that has nothing left to annotate

    const runArgs = (out: string, ...more: string[]) => {
      const always = ['--out', join(folder, out), '--workers-per-device', '2', '--preview=3'];
      return ['run', images, ...EMOJI, ...always, ...more];
    };
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'preannotate-kills-'));
      images = join(folder, 'images');
      total = await manyScenes(images, copies);
      const measured = async () => {
        const startMs = performance.now();
        expect((await preannotate(runArgs('reference'))).code).toBe(0);
        return performance.now() - startMs;
      };
      wholeMs = await measured();
      emptyMs = await measured();
      expected = await viewFiles(join(folder, 'reference'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    /** @param share - Of the work of a whole run. */
    async function kill(args: readonly string[], out: string, plan: { kills: number; share: number }) {
      const longestMs = Math.ceil(emptyMs + (2 * plan.share * wholeMs) / plan.kills);
      const check = () => expectReadable(out);
      return await killAtRandom(args, { kills: plan.kills, longestMs, random, check });
    }

    it('of a run and its workers end with the files of an undisturbed run', async () => {
      const out = join(folder, 'killed');
      report(await kill(runArgs('killed'), out, { kills, share: 1 }));
      const { code, stderr } = await preannotate(runArgs('killed'));
      expect(code, stderr).toBe(0);
      expect(await journalledNames(out)).toHaveLength(total);
      expect(await viewFiles(out)).toEqual(expected);
    });

    it('of the parts of a run, and of their merge, end with the files of one run', async () => {
      const out = join(folder, 'merged');
      const merge = ['merge', out];
      const each = Math.floor(kills / (PARTS + 1));
      for (let part = 1; part <= PARTS; part++) {
        const args = runArgs('merged', '--shard', `${part}/${PARTS}`);
        report(await kill(args, join(out, `shards/${part}-of-${PARTS}`), { kills: each, share: 1 / PARTS }));
        expect((await preannotate(args)).code).toBe(0);
      }
      report(await kill(merge, out, { kills: kills - PARTS * each, share: 0 }));
      const { code, stderr } = await preannotate(merge);
      expect(code, stderr).toBe(0);
      expect(await journalledNames(out)).toHaveLength(total);
      expect(await viewFiles(out)).toEqual(expected);
    });
  });
}

function report({ parents, workers }: Killed): void {
  process.stdout.write(`killed: ${parents} commands, ${workers} workers\n`);
}

/** No reader meets half a file, and every whole line of the journal is sound. */
async function expectReadable(out: string): Promise<void> {
  for (const name of ['run.json', 'classes.json', 'coco/instances.json', 'coco/results.json']) {
    const text = await readFile(join(out, name), 'utf8').catch(() => '{}'); // not written yet
    expect(() => JSON.parse(text) as unknown, name).not.toThrow();
  }
  await journalledNames(out);
}

/** The images of a journal, each once. Only its last line may be cut short. */
async function journalledNames(out: string): Promise<string[]> {
  const text = await readFile(join(out, 'detections.jsonl'), 'utf8').catch(() => '');
  const records = text.split('\n').slice(0, -1).map(parseLine);
  expect(records.indexOf(undefined)).toBe(-1);
  const names = records.slice(1).map((record) => (record as { image: string }).image);
  expect(new Set(names).size).toBe(names.length);
  return names;
}
