import { cp, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Xyxy } from '../../src/core/box.js';
import type { DecidedBox, Decision } from '../../src/core/review/decision.js';
import { readReview } from '../../src/run/review/read-review.js';
import { OutputLock } from '../../src/run/lock/output-lock.js';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { acceptImages } from '../support/review/accept-images.js';
import { CORRECT, type Corrections } from '../support/review/correct-views.js';
import { shownIn, type Labelled } from '../support/evaluation/truth.js';

const IMAGE = 'scene-02.jpg';
const CORRECTIONS: Corrections = {
  ...{ image: IMAGE, size: { width: 640, height: 480 }, className: 'cup', widenPx: 12 },
  drawn: [3, 4, 40, 50],
};

interface Imported {
  readonly images: Record<'accepted' | 'replaced' | 'unchanged' | 'newer' | 'other_size' | 'absent', string[]> & {
    readonly untouched: number;
    readonly empty: number;
  };
  readonly boxes: Record<DecidedBox['status'], number>;
}

let folder: string;
let original: string;
let drafts: Labelled[];
afterAll(() => rm(folder, { recursive: true }));
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-import-'));
  original = join(folder, 'original');
  const run = ['run', SCENES, '--include', 'scene-0[1-4]*', ...EMOJI, '--out', original];
  const { code, stderr } = await preannotate([...run, '--format', Object.keys(CORRECT).join(',')]);
  expect(code, stderr).toBe(0);
  drafts = (await shownIn(original)).get(IMAGE)!;
  expect(drafts.length).toBeGreaterThanOrEqual(3);
});

async function copyRun(name: string): Promise<string> {
  const out = join(folder, name);
  await cp(original, out, { recursive: true, verbatimSymlinks: true });
  return out;
}

/** A copy of the run, and its files as a person has corrected them. */
async function correctedIn(format: string, name = format): Promise<{ out: string; corrected: string }> {
  const [out, corrected] = [await copyRun(name), join(folder, `${name}-corrected`)];
  await cp(join(original, format), corrected, { recursive: true, verbatimSymlinks: true });
  await CORRECT[format]!(corrected, CORRECTIONS);
  return { out, corrected };
}

async function take(out: string, corrected: string, ...flags: string[]): Promise<Imported & { stderr: string }> {
  const args = ['review', out, '--import', corrected, '--author', 'ada', '--json', ...flags];
  const { code, stdout, stderr } = await preannotate(args);
  expect(code, stderr).toBe(0);
  return { ...(JSON.parse(stdout) as Imported), stderr };
}

const statuses = ({ boxes }: Decision) => boxes.map(({ status }) => status).sort();
const boxOf = ({ boxes }: Decision, wanted: (box: DecidedBox) => boolean) => boxes.find(wanted)!.box;
const isNear = (a: Xyxy, b: Xyxy, within: number) => a.every((side, i) => Math.abs(side - b[i]!) <= within);

it('a data set that is as it was exported is accepted, with a note that no box was changed', async () => {
  const { images, boxes, stderr } = await take(await copyRun('as-exported'), join(original, 'cvat'));
  expect(images.accepted).toHaveLength(4);
  expect(boxes).toMatchObject({ corrected: 0, rejected: 0, drawn: 0 });
  expect(stderr).toContain('4 images are accepted, none with a changed box: were they looked at?');
  expect(stderr).toContain('Export only finished tasks');
});

describe.each(Object.keys(CORRECT))('what was corrected in files of %s', (format) => {
  const within = format === 'voc' ? 0.51 : 0.05;

  it('is imported as kept, corrected, rejected and drawn, exported again, and the same the second time', async () => {
    const { out, corrected } = await correctedIn(format);
    const { images, boxes, stderr } = await take(out, corrected);
    expect(stderr).not.toContain('were they looked at?');
    const isLabelStudio = format === 'label-studio'; // where two tasks have predictions alone
    expect(images.accepted).toHaveLength(isLabelStudio ? 2 : 4);
    expect(boxes).toMatchObject({ rejected: 1, corrected: 2, drawn: 1 });

    const decisions = await readReview(out);
    expect(statuses(decisions.get('scene-01.jpg')!)).toEqual(['kept', 'kept', 'kept']);
    const decision = decisions.get(IMAGE)!;
    expect(decision).toMatchObject({ state: 'accepted', author: 'ada' });
    expect(statuses(decision).filter((status) => status !== 'kept')).toEqual([
      ...['corrected', 'corrected', 'drawn', 'rejected'],
    ]);
    const [first, second, third] = drafts as [Labelled, Labelled, Labelled];
    const [x1, y1, x2, y2] = third.box;
    const widened: Xyxy = [x1, y1, x2 + CORRECTIONS.widenPx, y2];
    expect(
      isNear(
        boxOf(decision, ({ status }) => status === 'rejected'),
        first.box,
        0,
      ),
    ).toBe(true);
    expect(
      isNear(
        boxOf(decision, ({ status }) => status === 'drawn'),
        CORRECTIONS.drawn,
        within,
      ),
    ).toBe(true);
    const renamed = decision.boxes.find(({ status, class: name }) => status === 'corrected' && name === 'cup')!;
    expect(isNear(renamed.box, second.box, within)).toBe(true);

    const journal = await readFile(join(out, 'review.jsonl'));
    const again = await take(out, corrected);
    expect(again.images).toMatchObject({ accepted: [], replaced: [], newer: [] });
    expect(again.images.unchanged).toEqual(images.accepted);
    expect((await readFile(join(out, 'review.jsonl'))).equals(journal)).toBe(true);

    expect((await preannotate(['export', out, '--format', 'coco'])).code).toBe(0);
    const exported = (await shownIn(out)).get(IMAGE)!;
    expect(exported).toHaveLength(drafts.length);
    for (const box of [second.box, widened, CORRECTIONS.drawn, ...drafts.slice(3).map((one) => one.box)]) {
      expect(exported.filter((one) => isNear(one.box, box, within))).toHaveLength(1);
    }
  });
});

describe('images that were reviewed before', () => {
  it('stay as they are where that was later than the data set, unless --overwrite-reviewed is given', async () => {
    const { out, corrected } = await correctedIn('coco', 'newer');
    const earlier = new Date(Date.now() - 3_600_000);
    await utimes(join(corrected, 'instances.json'), earlier, earlier);
    await acceptImages(out, { [IMAGE]: (boxes) => boxes });
    const before = (await readReview(out)).get(IMAGE)!;
    const kept = await take(out, corrected);
    expect(kept.images.newer).toEqual([IMAGE]);
    expect(kept.stderr).toContain('(--overwrite-reviewed imports them): 1 image: scene-02.jpg.');
    expect((await readReview(out)).get(IMAGE)).toEqual(before);

    const overwritten = await take(out, corrected, '--overwrite-reviewed');
    expect(overwritten.images.replaced).toEqual([IMAGE]);
    expect(overwritten.stderr).toContain('(review.jsonl keeps what was decided then): 1 image: scene-02.jpg.');
    expect(statuses((await readReview(out)).get(IMAGE)!)).toContain('drawn');
  });

  it('get the boxes of a data set that was written later, which is reported', async () => {
    const out = await copyRun('earlier');
    await acceptImages(out, { [IMAGE]: (boxes) => boxes });
    const { corrected } = await correctedIn('coco', 'later');
    const { images, stderr } = await take(out, corrected);
    expect(images.replaced).toEqual([IMAGE]);
    expect(images.accepted).toHaveLength(3);
    expect(stderr).toContain('Reviewed before, and replaced');
  });
});

describe('what cannot be imported as it is', () => {
  const withClass = async (name: string, className: string) => {
    const [out, file] = [await copyRun(name), join(folder, `${name}.json`)];
    const text = await readFile(join(original, 'coco/instances.json'), 'utf8');
    const coco = JSON.parse(text) as { categories: { name: string }[]; annotations: { category_id: number }[] };
    const used = coco.annotations[0]!.category_id;
    const categories = coco.categories.map((one, i) => (i + 1 === used ? { ...one, name: className } : one));
    await writeFile(file, JSON.stringify({ ...coco, categories }));
    return { out, file };
  };

  it('names classes that the ontology does not have, and imports nothing', async () => {
    const { out, file } = await withClass('unknown', 'Wine_glass');
    const { code, stderr } = await preannotate(['review', out, '--import', file]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/does not have: Wine_glass \(\d+ box(es)?\)\. Nothing was imported\./);
    expect(stderr).toContain(`--map 'Wine_glass=wine glass'`);
    expect(await readReview(out)).toEqual(new Map());
    const renamed = await take(out, file, '--map', 'Wine_glass=wine glass');
    expect(renamed.boxes).toMatchObject({ rejected: 0, corrected: 0, drawn: 0 });
  });

  it('leaves out boxes of unknown classes where that is asked for', async () => {
    const { out, file } = await withClass('dropped', 'unicorn');
    const { boxes, stderr } = await take(out, file, '--unknown-classes', 'drop');
    expect(stderr).toMatch(/does not have these classes: unicorn \(\d+ box/);
    expect(boxes.rejected).toBeGreaterThan(0);
  });

  it('is told from what can: images that only one side has, that have another size, and boxes outside', async () => {
    const [out, file] = [await copyRun('odd'), join(folder, 'odd.json')];
    const images = [
      { id: 1, file_name: 'scene-01.jpg', width: 320, height: 240 },
      { id: 2, file_name: IMAGE, width: 320, height: 240 },
      { id: 3, file_name: 'nowhere.jpg', width: 10, height: 10 },
    ];
    const box = { category_id: 1, iscrowd: 0, area: 1 };
    const annotations = [
      { ...box, id: 1, image_id: 1, bbox: [310, 10, 40, 50] },
      { ...box, id: 2, image_id: 1, bbox: [400, 10, 40, 50] },
      { ...box, id: 3, image_id: 1, bbox: [0, 0, 100, 100], iscrowd: 1 },
    ];
    await writeFile(file, JSON.stringify({ images, annotations, categories: [{ id: 1, name: 'cup' }] }));
    const { images: fates, stderr } = await take(out, file);
    expect(fates).toMatchObject({
      accepted: ['scene-01.jpg'],
      other_size: [IMAGE],
      absent: ['nowhere.jpg'],
      untouched: 2,
    });
    const { boxes } = (await readReview(out)).get('scene-01.jpg')!;
    expect(boxes.filter(({ status }) => status === 'drawn').map((one) => one.box)).toEqual([[310, 10, 320, 60]]);
    expect(stderr).toContain('less than 1 px wide or high in the image: 1 box, first in ');
    expect(stderr).toContain('they mark groups of objects: 1 box');
  });

  it('is refused while another process, such as a review, writes into the folder', async () => {
    const out = await copyRun('locked');
    await using _ = await OutputLock.take(out);
    const { code, stderr } = await preannotate(['review', out, '--import', join(original, 'coco')]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('is using this output folder');
    expect(await readReview(out)).toEqual(new Map());
  });
});

describe('another run', () => {
  it('gives the images that were accepted there', async () => {
    const [out, other] = [await copyRun('from-run'), await copyRun('other-run')];
    await acceptImages(other, { [IMAGE]: ([box, ...boxes]) => [{ ...box!, status: 'rejected' }, ...boxes] });
    const { images, boxes, stderr } = await take(out, other);
    expect(images).toMatchObject({ accepted: [IMAGE], untouched: 3 });
    expect(boxes).toEqual({ kept: drafts.length - 1, corrected: 0, rejected: 1, drawn: 0 });
    expect(stderr).toContain('images that are accepted are read');
  });

  it('is refused where nothing is accepted in it, and where it is the run itself', async () => {
    const [out, other] = [await copyRun('into-run'), await copyRun('unreviewed-run')];
    const unreviewed = await preannotate(['review', out, '--import', other]);
    expect([unreviewed.code, unreviewed.stderr]).toEqual([2, expect.stringContaining('is accepted in a review')]);
    const same = await preannotate(['review', out, '--import', out]);
    expect([same.code, same.stderr]).toEqual([2, expect.stringContaining('is the run itself')]);
  });
});

it('images are recognised by their file names, and nothing is imported where several could be meant', async () => {
  const [out, file] = [await copyRun('names'), join(folder, 'names.json')];
  const write = async (...names: string[]) => {
    const images = names.map((name, i) => ({ id: i + 1, file_name: name, width: 640, height: 480 }));
    await writeFile(file, JSON.stringify({ images, annotations: [], categories: [{ id: 1, name: 'cup' }] }));
  };
  await write(`a/${IMAGE}`, `b/${IMAGE}`);
  const { code, stderr } = await preannotate(['review', out, '--import', file]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/could be|no name is the same on both sides/)]);
  expect(await readReview(out)).toEqual(new Map());
  await write(`photos/${IMAGE}`);
  const taken = await take(out, file);
  expect(taken.images).toMatchObject({ accepted: [IMAGE], empty: 1 });
  expect(taken.stderr).toContain('Images were recognised by the end of the path');
});
