import { appendFile, copyFile, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DecidedBox } from '../../src/core/review/decision.js';
import { readReview } from '../../src/run/review/read-review.js';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { withComment } from '../support/other-bytes.js';
import { ACCEPT, decide } from '../support/review/decide.js';
import { temporaryFolder } from '../support/temporary.js';

const NAMES = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg'];
const drawn: DecidedBox = { id: 'mine', status: 'drawn', class: 'cup', box: [10.25, 20, 90, 100.5] };

/** A folder of images, and where they are annotated. */
async function withImages() {
  const folder = await temporaryFolder();
  const images = join(folder, 'images');
  await mkdir(images);
  for (const name of NAMES) await copyFile(join(SCENES, name), join(images, name));
  const run = async (out: string, ...more: string[]) => {
    const { code, stdout, stderr } = await preannotate(['run', images, '--out', out, ...more]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    return stdout + stderr;
  };
  return { images, out: join(folder, 'out'), run };
}

/** Boxes of an image in coco/instances.json: their classes. */
async function classesOf(out: string, name: string): Promise<string[]> {
  const { images, annotations, categories } = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as {
    images: { id: number; file_name: string }[];
    annotations: { image_id: number; category_id: number }[];
    categories: { id: number; name: string }[];
  };
  const id = images.find(({ file_name: file }) => file === name)?.id;
  return annotations
    .filter((one) => one.image_id === id)
    .map((one) => categories.find((category) => category.id === one.category_id)!.name);
}

describe('a review', () => {
  it('is kept and respected by later runs, also with --restart and another ontology', async () => {
    const { images, out, run } = await withImages();
    await run(out, ...EMOJI);
    for (const name of NAMES.slice(0, 3)) await decide(out, name, () => [{ op: 'set', box: drawn }, ACCEPT]);
    const saved = await readFile(join(out, 'review.jsonl'));
    const changed = join(images, NAMES[1]!);
    await writeFile(changed, withComment(await readFile(changed), 'edited'));
    await rm(join(images, NAMES[2]!));
    await copyFile(join(SCENES, 'scene-05.jpg'), join(images, 'scene-05.jpg'));

    const said = await run(out, ...EMOJI, '--accept-missing');
    expect(said).toMatch(/Changed since the review, so not reviewed any more: 1 image \(scene-02\.jpg\)/);
    expect(said).toMatch(/1 image and 1 box reviewed by people/);
    expect(await classesOf(out, NAMES[0]!)).toEqual(['cup']);
    expect((await classesOf(out, NAMES[1]!)).length).toBeGreaterThan(1);
    const manifest = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as object;
    expect(manifest).toMatchObject({ counts: { reviewed: 1, reviewed_boxes: 1 } });

    const restart = async (classes: string) => {
      const ontology = join(images, '../ontology.yaml');
      await writeFile(ontology, `classes:\n${classes}`);
      return await run(out, '--model', 'builtin:emoji', '--ontology', ontology, '--restart');
    };
    const pizza = '  - { name: pizza, id: 5, prompts: [a photo of a pizza] }\n';
    const again = await restart(`${pizza}  - { name: cup, id: 3, prompts: [a photo of a cup] }\n`);
    expect(again).toMatch(/Reviewed, and not among the images of this run: 1 image \(scene-03\.jpg\)/);
    expect(await classesOf(out, NAMES[0]!)).toEqual(['cup']);
    const lost = await restart(pizza);
    expect(lost).toMatch(/1 reviewed box left out, because the ontology has no class "cup": review\.jsonl keeps them/);
    expect(await classesOf(out, NAMES[0]!)).toEqual([]);
    expect(await readFile(join(out, 'review.jsonl'))).toEqual(saved);
  });

  it('stays with an image that is renamed, also with --restart', async () => {
    const { images, out, run } = await withImages();
    await run(out, ...EMOJI);
    await decide(out, NAMES[0]!, () => [{ op: 'set', box: drawn }, ACCEPT]);
    await rename(join(images, NAMES[0]!), join(images, 'other.jpg'));
    const said = await run(out, ...EMOJI, '--accept-missing');
    expect(said).toMatch(
      /1 image was renamed since the review, .* under the new name: scene-01\.jpg, now other\.jpg\./,
    );
    expect(said).toMatch(/1 image and 1 box reviewed by people/);
    expect(await classesOf(out, 'other.jpg')).toEqual(['cup']);
    await rename(join(images, 'other.jpg'), join(images, 'third.jpg'));
    expect(await run(out, ...EMOJI, '--restart')).toMatch(/1 image was renamed since the review/);
    expect(await classesOf(out, 'third.jpg')).toEqual(['cup']);
    expect(await run(out, ...EMOJI)).not.toMatch(/renamed|Reviewed, and not among/);
  });

  it('does not count for an image that was replaced since, until a run has annotated that', async () => {
    const { images, out, run } = await withImages();
    await run(out, ...EMOJI);
    const before = await classesOf(out, NAMES[0]!);
    for (const name of NAMES.slice(0, 2)) await decide(out, name, () => [{ op: 'set', box: drawn }, ACCEPT]);
    await preannotate(['export', out]);
    expect(await classesOf(out, NAMES[0]!)).toEqual(['cup']);
    await copyFile(join(SCENES, 'scene-05.jpg'), join(images, NAMES[0]!));
    const note = /Replaced since the run, so not reviewed any more, .*: 1 image \(scene-01\.jpg\)/;
    const exported = await preannotate(['export', out]);
    expect(exported.stdout).toMatch(/, 1 reviewed/);
    expect(exported.stderr).toMatch(note);
    expect(await classesOf(out, NAMES[0]!)).toEqual(before);
    const stats = await preannotate(['stats', out, '--json']);
    expect(stats.stderr).toMatch(note);
    expect(JSON.parse(stats.stdout)).toMatchObject({ review: { images: { accepted: 1 } } });
    const compared = await preannotate(['eval', out, '--truth', 'review']);
    expect(compared.stderr).toMatch(/changed since or are gone: 1 accepted image/);
  });

  it('that is damaged ends a run before it annotates anything, naming the line', async () => {
    const { images, out, run } = await withImages();
    await run(out, ...EMOJI, '--limit', '1');
    await decide(out, NAMES[0]!, () => [ACCEPT]);
    await appendFile(join(out, 'review.jsonl'), '{}\n');
    for (const args of [
      ['run', images, ...EMOJI, '--out', out],
      ['export', out],
    ]) {
      const { code, stderr } = await preannotate(args);
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/review\.jsonl:2: this line was changed/),
      });
    }
  });

  it('does not replace files that were edited, unless --overwrite-edited asks for that', async () => {
    const { out, run } = await withImages();
    await run(out, ...EMOJI);
    const label = join(out, 'yolo/labels/train/scene-01.txt');
    await writeFile(label, '0 0.5 0.5 0.5 0.5\n');
    await decide(out, NAMES[0]!, () => [{ op: 'set', box: drawn }, ACCEPT]);
    const { stdout, stderr } = await preannotate(['export', out]);
    expect(stdout + stderr).toMatch(/scene-01\.txt/);
    expect(await readFile(label, 'utf8')).toBe('0 0.5 0.5 0.5 0.5\n');
    await preannotate(['export', out, '--overwrite-edited']);
    expect(await readFile(label, 'utf8')).toMatch(/^2 0\.15\d+ 0\.25\d+ 0\.24\d+ 0\.33\d+\n$/);
  });

  it('of each part is joined by merge, once', async () => {
    const { out, run } = await withImages();
    const parts = ['1/2', '2/2'];
    for (const part of parts) await run(out, ...EMOJI, '--shard', part);
    const expected: string[] = [];
    for (const part of parts) {
      const shard = join(out, 'shards', part.replace('/', '-of-'));
      const { stdout } = await preannotate(['export', shard, '--json', '--format', 'coco']);
      expect(JSON.parse(stdout)).toMatchObject({ images: expect.any(Number) });
      const lines = (await readFile(join(shard, 'detections.jsonl'), 'utf8')).trim().split('\n').slice(1);
      const { image } = JSON.parse(lines[0]!) as { image: string };
      await decide(shard, image, () => [{ op: 'set', box: drawn }, ACCEPT]);
      expected.push(image);
    }
    const merge = () => preannotate(['merge', out]);
    expect((await merge()).stdout).toMatch(/2 reviewed/);
    const review = await readReview(out);
    expect([...review.keys()].sort()).toEqual(expected.sort());
    for (const name of expected) expect(await classesOf(out, name)).toEqual(['cup']);
    const saved = await readFile(join(out, 'review.jsonl'), 'utf8');
    await merge();
    expect(await readFile(join(out, 'review.jsonl'), 'utf8')).toBe(saved);
    await decide(out, expected[0]!, () => [{ op: 'forget', id: 'mine' }]); // after the merge: it is the latest
    await merge();
    expect(await classesOf(out, expected[0]!)).toEqual([]);
  });

  it('of an image of a part that was renamed is kept and told by merge, and follows it in the next run', async () => {
    const { images, out, run } = await withImages();
    const annotateParts = async () => {
      for (const part of ['1/2', '2/2']) await run(out, ...EMOJI, '--shard', part);
    };
    await annotateParts();
    const [shard] = (await readdir(join(out, 'shards'))).sort();
    const lines = (await readFile(join(out, 'shards', shard!, 'detections.jsonl'), 'utf8')).trim().split('\n');
    const { image } = JSON.parse(lines[1]!) as { image: string };
    await decide(join(out, 'shards', shard!), image, () => [{ op: 'set', box: drawn }, ACCEPT]);
    await rename(join(images, image), join(images, 'other.jpg'));
    await annotateParts();
    const merge = async () => {
      const { code, stderr } = await preannotate(['merge', out]);
      expect(code, stderr).toBe(0);
      return stderr;
    };
    expect(await merge()).toContain(`excluded) and stays in the annotation files, with what was decided: ${image}.`);
    expect(await classesOf(out, image)).toEqual(['cup']);
    const said = await run(out, ...EMOJI, '--accept-missing');
    expect(said).toContain(`what was decided counts under the new name: ${image}, now other.jpg.`);
    expect(await classesOf(out, 'other.jpg')).toEqual(['cup']);
    expect(await merge()).not.toContain('no longer found');
    expect(await classesOf(out, 'other.jpg')).toEqual(['cup']);
  });
});
