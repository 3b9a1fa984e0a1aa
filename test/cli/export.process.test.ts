import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
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
    expect(JSON.parse(stdout)).toMatchObject({ images: 1, formats: ['coco'], selection: { scoreThreshold: 0.61 } });
    for (const { score } of await shown(out)) expect(score).toBeGreaterThan(0.61);
  });

  it('keeps a view that was edited, and prints where', async () => {
    const out = join(await temporaryFolder(), 'out');
    await preannotate(['run', join(SCENES, 'scene-02.jpg'), ...EMOJI, '--out', out]);
    expect((await preannotate(['export', out])).stderr).not.toMatch(/changed/);
    await setTimeout(20);
    await writeFile(join(out, 'yolo/labels/scene-02.txt'), '0 0.5 0.5 0.1 0.1\n');
    const { code, stderr } = await preannotate(['export', out]);
    expect(code).toBe(0);
    const [, kept] = /out\/yolo had been changed .* kept in (\S+)\./.exec(stderr)!;
    expect(await readFile(join(kept!, 'labels/scene-02.txt'), 'utf8')).toBe('0 0.5 0.5 0.1 0.1\n');
    expect(await readFile(join(out, 'yolo/labels/scene-02.txt'), 'utf8')).not.toBe('0 0.5 0.5 0.1 0.1\n');
    expect((await preannotate(['export', out])).stderr).not.toMatch(/changed/);
  });

  it('of a run with failed images reports how many are there and how many failed', async () => {
    const folder = await temporaryFolder();
    const [images, out] = [join(folder, 'images'), join(folder, 'out')];
    await mkdir(images);
    await copyFile(join(SCENES, 'scene-02.jpg'), join(images, 'good.jpg'));
    await writeFile(join(images, 'bad.jpg'), 'not an image');
    await preannotate(['run', images, ...EMOJI, '--out', out]);
    const exported = await preannotate(['export', out]);
    expect(exported).toMatchObject({ code: 0, stdout: `1 of 2 images: 1 failed. coco, yolo written to ${out}\n` });
    expect(exported.stderr).toContain('1 of 2 images: 1 failed. errors.jsonl has the reasons');
    const { stdout } = await preannotate(['export', out, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ images: 1, found: 2, failed: 1, status: 'done' });
  });

  it('of a folder that holds no run ends with 2 and names the folder', async () => {
    const { code, stderr } = await preannotate(['export', SCENES]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/scenes\/detections\.jsonl does not exist.*output folder of a `preannotate run`/s);
  });
});
