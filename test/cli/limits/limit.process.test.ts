import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, manyScenes, preannotate, viewsOf } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

interface Coco {
  readonly images: readonly { id: number; file_name: string }[];
}

async function cocoImages(out: string): Promise<Coco['images']> {
  return (JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as Coco).images;
}

describe('run --limit and --sample', () => {
  it('annotate a part; the same command without them ends as if there had been no limit', async () => {
    const folder = await temporaryFolder();
    const photos = join(folder, 'photos');
    const count = await manyScenes(photos, 2);
    const [parts, whole] = [join(folder, 'parts'), join(folder, 'whole')];
    const run = (out: string, ...more: string[]) => preannotate(['run', photos, ...EMOJI, '--out', out, ...more]);

    const limited = await run(parts, '--limit', '3', '--json');
    expect(limited.code).toBe(0);
    expect(JSON.parse(limited.stdout)).toMatchObject({
      status: 'done',
      choice: { limit: 3 },
      counts: { found: count, annotated: 3 },
    });
    const first = await cocoImages(parts);
    expect(first.map(({ file_name: name }) => name)).toEqual(
      ['01', '02', '03'].map((scene): unknown => expect.stringContaining(`copy-0/scene-${scene}.`)),
    );

    expect((await run(parts, '--sample', '5')).code).toBe(0);
    const sampled = await cocoImages(parts);
    expect(sampled.length).toBeGreaterThanOrEqual(5);
    expect(sampled).toEqual(expect.arrayContaining([...first]));
    const exported = await preannotate(['export', parts]);
    expect(exported.stdout).toContain(`${sampled.length} of ${count} images (--sample 5)`);
    expect(exported.code).toBe(0);

    expect((await run(parts)).code).toBe(0);
    expect(await journalled(parts)).toHaveLength(count);
    await run(whole);
    expect(await viewsOf(parts)).toEqual(await viewsOf(whole));
  });

  it('are counted by --dry-run, and exclude each other', async () => {
    const folder = await temporaryFolder();
    const count = await manyScenes(join(folder, 'photos'), 1);
    const args = ['run', join(folder, 'photos'), ...EMOJI, '--out', join(folder, 'out'), '--dry-run'];
    const { stdout } = await preannotate([...args, '-n', '2']);
    expect(stdout).toContain(`${count} images found`);
    expect(stdout).toContain('2 chosen by --limit 2, 0 already done, 2 to do.');
    const { code, stderr } = await preannotate([...args, '--limit', '2', '--sample', '2']);
    expect(code).toBe(2);
    expect(stderr).toContain('--limit');
    expect(stderr).toContain('--sample');
    const share = await preannotate([...args, '--sample', '5%']);
    expect(share.stderr).toMatch(/^error: --sample must be a number of images, not "5%"\.$/m);
  });

  it('measures a share of --max-errors against the chosen images', async () => {
    const folder = await temporaryFolder();
    await manyScenes(join(folder, 'photos'), 2);
    const bad = join(folder, 'photos/a-bad.jpg');
    await writeFile(bad, 'not an image');
    const args = ['run', join(folder, 'photos'), ...EMOJI, '--max-errors', '20%'];
    expect((await preannotate([...args, '--out', join(folder, 'few'), '--limit', '2'])).code).toBe(3);
    expect((await preannotate([...args, '--out', join(folder, 'many'), '--limit', '6'])).code).toBe(0);
  });
});
