import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, manyScenes, preannotate } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Coco {
  readonly images: readonly { id: number }[];
  readonly annotations: readonly { image_id: number; category_id: number }[];
  readonly categories: readonly { id: number; name: string }[];
}

/** What run.json counts, as coco/instances.json has it. */
async function countCoco(out: string) {
  const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Coco;
  const annotated = new Set(coco.annotations.map(({ image_id: id }) => id));
  const boxesOf = (id: number) => coco.annotations.filter(({ category_id: category }) => category === id).length;
  return {
    detections: coco.annotations.length,
    detections_by_class: Object.fromEntries(coco.categories.map(({ id, name }) => [name, boxesOf(id)])),
    images_without_detections: coco.images.filter(({ id }) => !annotated.has(id)).length,
  };
}

describe('the counts of a run', () => {
  it('are those of its files: also when a run has nothing left to do, and after an export', async () => {
    const folder = await temporaryFolder();
    const out = join(folder, 'out');
    await manyScenes(join(folder, 'images'), 1);
    const args = ['run', join(folder, 'images'), ...EMOJI, '--out', out, '--score-threshold', '0.5', '--json'];
    for (const attempt of ['first', 'second']) {
      const { stdout } = await preannotate(args);
      const { counts } = JSON.parse(stdout) as { counts: { images_without_detections: number } };
      expect(counts, attempt).toMatchObject(await countCoco(out));
      expect(counts.images_without_detections).toBeGreaterThan(0);
    }
    const exported = await preannotate(['export', out, '--score-threshold', '0.2', '--json']);
    expect(JSON.parse(exported.stdout)).toMatchObject(await countCoco(out));
  });

  it('are in the summary, with the reasons of five failed images and the files to open', async () => {
    const folder = await temporaryFolder();
    await manyScenes(join(folder, 'images'), 1);
    for (let i = 1; i <= 7; i++) await writeFile(join(folder, `images/a-${i}.jpg`), 'no image');
    const args = ['run', 'images', ...EMOJI, '--out', 'out', '--preview=2'];
    const { code, stdout } = await preannotate(args, { cwd: folder, env: { npm_command: 'exec' } }); // as npx
    expect(code).toBe(3);
    const { detections, images_without_detections: without } = await countCoco(join(folder, 'out'));
    expect(stdout).toContain(`\n${detections} boxes: `);
    expect(stdout).toContain(` ${without} image${without === 1 ? '' : 's'} without boxes.\n7 failed:\n`);
    for (let i = 1; i <= 5; i++) expect(stdout).toMatch(new RegExp(`\\n  .*a-${i}\\.jpg.*not an image`));
    expect(stdout).toContain('\n  and 2 more, in errors.jsonl\n');
    expect(stdout).toContain(' out/coco/instances.json\n');
    expect(stdout).toContain(' out/previews\n');
    expect(stdout).toContain(': npx preannotate export out --score-threshold 0.2\n');
    const refused = await preannotate(['export', 'images'], { cwd: folder, env: { npm_command: 'exec' } });
    expect(refused.stderr).toContain('Give the folder that `npx preannotate run` has written');

    // Views that the folder has are renewed without being asked for, and named.
    const again = await preannotate(['run', 'images', ...EMOJI, '--out', 'out', '--format', 'coco'], { cwd: folder });
    expect(again.stdout).toContain(' of them by earlier runs.\n');
    expect(again.stdout).toContain(' out/yolo/data.yaml\n');
    expect(again.stdout).toContain(' out/previews\n');
    expect(again.stdout).not.toContain('--preview=');
  });
});
