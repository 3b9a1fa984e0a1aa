import { copyFile, lstat, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES, viewsOf } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';

async function shown(out: string): Promise<{ score: number; image_id: number }[]> {
  const text = await readFile(join(out, 'coco/instances.json'), 'utf8');
  return (JSON.parse(text) as { annotations: { score: number; image_id: number }[] }).annotations;
}

describe('export', () => {
  it('writes the views again without a model, as they were or with another threshold and suppression', async () => {
    const out = join(await temporaryFolder(), 'out');
    await preannotate(['run', SCENES, ...EMOJI, '--out', out]);
    const views = await viewsOf(out);
    const before = await shown(out);
    await rm(join(out, 'coco'), { recursive: true });
    await rm(join(out, 'yolo'), { recursive: true });

    const same = await preannotate(['export', out]);
    expect(same).toMatchObject({ code: 0, stderr: expect.not.stringMatching(/worker/) as string });
    expect(await viewsOf(out)).toEqual(views);

    expect((await preannotate(['export', out, '--score-threshold', '0.6'])).code).toBe(0);
    const strict = await shown(out);
    expect(strict).toEqual(before.filter(({ score }) => score > 0.6).map((kept, i) => ({ ...kept, id: i + 1 })));
    expect(strict.length).toBeGreaterThan(10);
    expect(strict.length).toBeLessThan(before.length);

    expect((await preannotate(['export', out, '--no-nms'])).code).toBe(0);
    expect((await shown(out)).length).toBeGreaterThan(before.length);

    expect((await preannotate(['export', out, '--max-detections', '1'])).code).toBe(0);
    const perImage = (await shown(out)).map(({ image_id: id }) => id);
    expect(new Set(perImage).size).toBe(perImage.length);
  });

  it('takes a threshold from the environment, and prints as JSON what it wrote', async () => {
    const out = join(await temporaryFolder(), 'out');
    await preannotate(['run', join(SCENES, 'scene-02.jpg'), ...EMOJI, '--out', out]);
    const { stdout } = await preannotate(['export', out, '--json', '--format', 'coco'], {
      env: { PREANNOTATE_SCORE_THRESHOLD: '0.61' },
    });
    const written = { images: 1, formats: ['coco', 'yolo'], selection: { score_threshold: 0.61 } };
    expect(JSON.parse(stdout)).toMatchObject(written);
    for (const { score } of await shown(out)) expect(score).toBeGreaterThan(0.61);
  });

  it('keeps an edited file, whatever its time, and replaces it on request', async () => {
    const out = join(await temporaryFolder(), 'out');
    const label = 'labels/train/scene-02.txt';
    const BY_HAND = '0 0.5 0.5 0.1 0.1\n';
    await preannotate(['run', join(SCENES, 'scene-02.jpg'), ...EMOJI, '--out', out]);
    const drafted = await readFile(join(out, 'yolo', label), 'utf8');
    expect((await preannotate(['export', out])).stderr).not.toContain('edited');
    await writeFile(join(out, 'yolo', label), BY_HAND);
    await utimes(join(out, 'yolo', label), 1, 1);
    const { code, stderr } = await preannotate(['export', out]);
    expect(code).toBe(0);
    expect(stderr).toContain(`Files in ${out}/yolo that were edited stay as they are: ${label}.`);
    expect(await readFile(join(out, 'yolo', label), 'utf8')).toBe(BY_HAND);
    expect(await readFile(join(out, 'yolo.new', label), 'utf8')).toBe(drafted);
    const run = ['run', join(SCENES, 'scene-02.jpg'), ...EMOJI, '--out', out];
    expect((await preannotate(run)).stderr).toContain('stay as they are');
    const replaced = await preannotate([...run, '--overwrite-edited']);
    const [, aside] = /The edited versions are in (\S+)\./.exec(replaced.stderr)!;
    expect(await readFile(join(aside!, label), 'utf8')).toBe(BY_HAND);
    expect(await readFile(join(out, 'yolo', label), 'utf8')).toBe(drafted);
    expect(await readdir(out)).not.toContain('yolo.new');
  });

  it('places images as the run did, unless it is asked otherwise', async () => {
    const out = join(await temporaryFolder(), 'out');
    await preannotate(['run', join(SCENES, 'scene-02.jpg'), ...EMOJI, '--out', out, '--images', 'copy']);
    const image = join(out, 'yolo/images/train/scene-02.jpg');
    await preannotate(['export', out]);
    expect((await lstat(image)).isSymbolicLink()).toBe(false);
    await preannotate(['export', out, '--images', 'symlink']);
    expect((await lstat(image)).isSymbolicLink()).toBe(true);
  });

  it('of a run with failed images reports how many are there and how many failed', async () => {
    const folder = await temporaryFolder();
    const [images, out] = [join(folder, 'images'), join(folder, 'out')];
    await mkdir(images);
    await copyFile(join(SCENES, 'scene-02.jpg'), join(images, 'good.jpg'));
    await writeFile(join(images, 'bad.jpg'), 'not an image');
    await preannotate(['run', images, ...EMOJI, '--out', out]);
    const exported = await preannotate(['export', out]);
    expect(exported.code).toBe(0);
    expect(exported.stdout).toMatch(
      /^\d+ boxes in 1 of 2 images \(1 failed\) with score threshold 0\.35: coco and yolo written to /,
    );
    expect(exported.stdout.endsWith(` written to ${out}\n`)).toBe(true);
    expect(exported.stderr).toContain('errors.jsonl has the reasons why images failed');
    const { stdout: withPreviews } = await preannotate(['export', out, '--preview']);
    expect(withPreviews).toContain(' (1 failed) with score threshold 0.35: coco, yolo and previews written to ');
    const { stdout } = await preannotate(['export', out, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ images: 1, found: 2, failed: 1, status: 'done' });
  });

  it('of a folder that holds no run ends with 2 and names the folder', async () => {
    const { code, stderr } = await preannotate(['export', SCENES]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/scenes is not the output folder of a run: detections\.jsonl is not in it\./);
  });
});
