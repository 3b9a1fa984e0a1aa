import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Xyxy } from '../../../src/core/box.js';
import type { DecidedBox } from '../../../src/core/review/decision.js';
import type { EvaluationReport } from '../../../src/evaluation/report.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { shownIn } from '../../support/evaluation/truth.js';
import { acceptImages } from '../../support/review/accept-images.js';

type Printed = EvaluationReport & { readonly review: Review };

interface Review {
  readonly images: { total: number; accepted: number; started: number };
  readonly outcomes: Record<DecidedBox['status'], number>;
  readonly left: { images: number; minutes: number };
}

const REVIEWED = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg'] as const;
const NEW: Xyxy = [1, 1, 9, 9];

let folder: string;
let out: string;
let shown: Awaited<ReturnType<typeof shownIn>>;
afterAll(() => rm(folder, { recursive: true }));
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-review-'));
  out = join(folder, 'out');
  expect((await preannotate(['run', SCENES, '--include', 'scene-0*', ...EMOJI, '--out', out])).code).toBe(0);
  shown = await shownIn(out);
});

const ask = async (...args: string[]) => {
  const { code, stdout, stderr } = await preannotate(args);
  expect(code, stderr).toBe(0);
  return { stdout, stderr };
};
const askJson = async <Result>(...args: string[]) => JSON.parse((await ask(...args, '--json')).stdout) as Result;

describe('a run of which nothing is accepted', () => {
  it.each(['eval', 'tune', 'prompts'])('is no ground truth for %s, which tells how to make it one', async (command) => {
    const { code, stderr } = await preannotate([command, out, '--truth', 'review']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/out: none of \d+ images is accepted in a review\.\n.*`preannotate review .*out`/);
  });

  it('has no figures of a review', async () => {
    expect(await askJson('stats', out)).not.toHaveProperty('review');
  });
});

describe('a run of which three images are accepted', () => {
  beforeAll(async () => {
    const [first, second, third] = REVIEWED;
    await acceptImages(out, {
      [first]: (boxes) => boxes,
      [second]: ([box, ...boxes]) => [{ ...box!, status: 'rejected' }, ...boxes],
      [third]: ([box, ...boxes]) => [
        { ...box!, status: 'corrected', box: widen(box!.box) },
        ...boxes,
        { id: 'drawn', status: 'drawn', class: box!.class, box: NEW },
      ],
    });
  });

  it('is ground truth with these alone, for the boxes of the model', async () => {
    const count = REVIEWED.reduce((sum, name) => sum + shown.get(name)!.length, 0);
    const report = await askJson<Printed>('eval', out, '--truth', 'review');
    const { images, objects, drafts } = report;
    expect({ images, objects, drafts }).toEqual({ images: 3, objects: count - 1 + 1, drafts: count });
    expect(report.work_left).toMatchObject({ stay: count - 2, adjust: 1, delete: 1, draw: 1 });
    const { stderr } = await ask('eval', out, '--truth', 'review');
    expect(stderr).toContain(`The ground truth is the review of the run: 3 of ${shown.size} images are accepted.`);
    expect(stderr).not.toContain('not in the ground truth');
  });

  it('gives the same figures after an export, whose files have the boxes of people', async () => {
    const before = await askJson<Printed>('eval', out, '--truth', 'review');
    await ask('export', out);
    expect(await askJson<Printed>('eval', out, '--truth', 'review')).toEqual(before);
  });

  it('is what thresholds are tuned on, and prompts are compared with', async () => {
    const tuned = await askJson<{ thresholds: { objects: number }[] }>(
      ...['tune', out, '--truth', 'review', '--min-objects', '1'],
    );
    const { objects } = await askJson<Printed>('eval', out, '--truth', 'review');
    expect(tuned.thresholds.reduce((sum, one) => sum + one.objects, 0)).toBe(objects);
    const { stderr } = await ask('prompts', out, '--truth', 'review', '--classes', 'cup,bottle', '--json');
    expect(stderr).toContain('The ground truth is the review of the run: 3 of ');
  });

  it('says how much is reviewed, for people and for programs', async () => {
    const { review } = await askJson<{ review: Review }>('stats', out);
    expect(review.images).toEqual({ total: shown.size, accepted: 3, started: 0 });
    expect(review.outcomes).toMatchObject({ corrected: 1, rejected: 1, drawn: 1 });
    expect(review.left.images).toBe(shown.size - 3);
    expect(review.left.minutes).toBeGreaterThan(0);
    expect((await askJson<Printed>('eval', out, '--truth', join(SCENES, 'instances.json'))).review).toEqual(review);
    const line = new RegExp(`^Reviewed: 3 of ${shown.size} images \\(\\d+ %\\), \\d+ of \\d+ boxes`, 'm');
    expect((await ask('stats', out)).stdout).toMatch(line);
    expect((await ask('eval', out, '--truth', 'review')).stdout).toMatch(line);
  });

  it('leaves out an image that has changed since it was accepted', async () => {
    await using review = await ReviewJournal.open(out);
    const { boxes } = review.decisions.get(REVIEWED[0])!;
    const changes = [...boxes.map((box) => ({ op: 'set', box }) as const), { op: 'state', state: 'accepted' } as const];
    await review.append({ image: REVIEWED[0], sha256: '0'.repeat(64), changes, author: 'ada' });
    const { stderr } = await ask('eval', out, '--truth', 'review');
    expect(stderr).toContain('2 of ');
    expect(stderr).toContain('Left out, because they have changed since or are gone: 1 accepted image.');
  });
});

it('predictions that are of no run have no review', async () => {
  const { code, stderr } = await preannotate(['eval', join(out, 'coco/instances.json'), '--truth', 'review']);
  expect([code, stderr]).toEqual([2, expect.stringContaining('--truth review is the review of a run')]);
});

/** By a quarter: a person would have moved a side. */
function widen([x1, y1, x2, y2]: Xyxy): Xyxy {
  return x1 > (x2 - x1) / 4
    ? [Math.round(x1 - (x2 - x1) / 4), y1, x2, y2]
    : [x1, y1, Math.round((x1 + x2 * 3) / 4), y2];
}
