import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { encodeHeic, NO_HEIC_ENCODER } from '../../support/system/heic.js';
import { ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Instances {
  readonly images: readonly { id: number; file_name: string; width: number; height: number }[];
  readonly annotations: readonly { image_id: number; category_id: number; bbox: readonly number[] }[];
}

/** Without the optional package, as where it was not installed. */
const WITHOUT = { NODE_OPTIONS: `--import=${pathToFileURL(join(ROOT, 'test/faults/images/no-heic.mjs')).href}` };

async function photos(): Promise<{ folder: string; run: readonly string[]; out: string }> {
  const folder = await temporaryFolder();
  const [images, out] = [join(folder, 'photos'), join(folder, 'out')];
  await mkdir(images);
  await copyFile(join(SCENES, 'scene-01.jpg'), join(images, 'a.jpg'));
  await encodeHeic(join(images, 'a.jpg'), join(images, 'b.heic'));
  return { folder: images, run: ['run', images, ...EMOJI, '--out', out, '--format', 'coco'], out };
}

describe.skipIf(NO_HEIC_ENCODER !== undefined)('HEIC photos in a folder (needs heif-enc, of libheif-examples)', () => {
  it('are annotated as the JPEG that they were made of; a damaged one fails alone', async () => {
    const { folder, run, out } = await photos();
    await writeFile(join(folder, 'c.heic'), (await readFile(join(folder, 'b.heic'))).subarray(0, 2000));
    const { code, stderr } = await preannotate(run);
    expect(code, stderr).toBe(3);
    expect(await readFile(join(out, 'errors.jsonl'), 'utf8')).toContain('c.heic');
    const { images, annotations } = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Instances;
    expect(images).toMatchObject([
      { file_name: 'a.jpg', width: 320, height: 240 },
      { file_name: 'b.heic', width: 320, height: 240 },
    ]);
    const of = (image: number) =>
      annotations.filter((one) => one.image_id === image).sort((a, b) => a.category_id - b.category_id);
    expect(of(1).length).toBeGreaterThan(0);
    expect(of(2).map((one) => one.category_id)).toEqual(of(1).map((one) => one.category_id));
    for (const [i, { bbox }] of of(2).entries())
      for (const [k, value] of bbox.entries()) expect(Math.abs(value - of(1)[i]!.bbox[k]!)).toBeLessThan(4);
  });

  it('are left out without the optional package, which the summary and the error name', async () => {
    const { folder, run } = await photos();
    const { code, stdout, stderr } = await preannotate(run, { env: WITHOUT });
    expect(code).toBe(0);
    expect(stdout + stderr).toContain('1 file left out: 1 .heic (run `npm install heic-decode`, or convert with');
    const [command, , ...options] = run;
    const named = [command!, join(folder, 'b.heic'), ...options.slice(0, 4), '--out', join(folder, '..', 'other')];
    const one = await preannotate(named, { env: WITHOUT });
    expect(one.code).toBe(3);
    expect(one.stdout + one.stderr).toContain('npm install heic-decode');
  });
});
