import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const SCENE = join(SCENES, 'scene-01.jpg');

/** A folder with one picture under several names, and files that are none. */
async function makePhotos(): Promise<{ photos: string; out: string }> {
  const folder = await temporaryFolder();
  const photos = join(folder, 'photos');
  await mkdir(join(photos, 'old (1)'), { recursive: true });
  for (const name of ['a.JPG', 'b.jfif', 'c.heic', '5f3c09aa41e7', 'old (1)/d.jpe']) {
    await copyFile(SCENE, join(photos, name));
  }
  await writeFile(join(photos, 'paper.pdf'), '%PDF-1.7\n');
  await writeFile(join(photos, 'labels.txt'), '0 0.5 0.5 0.1 0.1\n');
  return { photos, out: join(folder, 'out') };
}

const NOTE = '1 file left out: 1 .pdf (convert with `pdftoppm -png FILE.pdf FILE`).';
const LEFT_OUT = [
  { ending: 'pdf', files: 1, content: 'PDF document', convert: 'pdftoppm -png FILE.pdf FILE' },
  { ending: 'txt', files: 1 },
];

describe('a run on a folder with files of all kinds', () => {
  it('annotates images under any name, reports the others once, and lists them in run.json', async () => {
    const { photos, out } = await makePhotos();
    const { code, stdout, stderr } = await preannotate(['run', photos, ...EMOJI, '--json', '--out', out]);
    expect(code).toBe(0);
    const images = (await journalled(out)).map(({ image }) => image).sort();
    expect(images).toEqual(['5f3c09aa41e7', 'a.JPG', 'b.jfif', 'c.heic', 'old (1)/d.jpe']);
    expect(stderr.split(NOTE)).toHaveLength(2);
    for (const text of [stdout, await readFile(join(out, 'run.json'), 'utf8')]) {
      expect(JSON.parse(text)).toMatchObject({ counts: { found: 5, skipped: 2 }, left_out: LEFT_OUT });
    }
    const exported = await preannotate(['export', out]); // reads run.json
    expect(exported.code).toBe(0);
  });

  it('lists in a dry run what a run would leave out', async () => {
    const { photos, out } = await makePhotos();
    const args = ['run', photos, ...EMOJI, '--dry-run', '--out', out];
    expect((await preannotate(args)).stdout).toContain(NOTE);
    expect(JSON.parse((await preannotate([...args, '--json'])).stdout)).toMatchObject({ found: 5, left_out: LEFT_OUT });
  });

  it("takes every file with --ext '*': those that are no images fail alone", async () => {
    const { photos, out } = await makePhotos();
    const args = ['run', photos, ...EMOJI, '--ext', '*', '--max-errors', '2', '--json', '--out', out];
    const { code, stdout } = await preannotate(args);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ counts: { found: 7, annotated: 5, failed: 2, skipped: 0 } });
    expect(JSON.parse(stdout)).not.toHaveProperty('left_out');
  });

  it('excludes by flags and by YAML in the same way, and warns of a pattern that matches nothing', async () => {
    const { photos, out } = await makePhotos();
    const config = join(photos, '../preannotate.yaml');
    await writeFile(config, 'exclude: ["old (1)/", "./b.jfif,c.heic", "missing"]\n');
    const flags = ['--exclude', 'old (1)/', '--exclude', './b.jfif,c.heic', '--exclude', 'missing'];
    for (const given of [flags, ['--config', config]]) {
      const { code, stdout } = await preannotate(['run', photos, ...EMOJI, ...given, '--dry-run', '--out', out]);
      expect(code).toBe(0);
      expect(stdout).toContain('--exclude "missing" matches nothing. Patterns are relative to ');
      expect(stdout.match(/^ {2}\S.*$/gm)).toEqual(['  5f3c09aa41e7', '  a.JPG']);
    }
  });

  it('is refused when patterns leave no image, with the pattern', async () => {
    const { photos, out } = await makePhotos();
    const args = ['run', photos, ...EMOJI, '--include', 'A.jpg', '--dry-run', '--out', out];
    const { code, stderr } = await preannotate(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--include and --exclude leave none of 7 files/);
    expect(stderr).toContain(
      '--include "A.jpg" matches nothing. "a.JPG" differs from it only in upper and lower case.',
    );
  });
});

it.each([
  ['a folder that is not there', 'no-photos', EMOJI],
  ['a model that is not there', SCENE, ['--model', 'builtin:emojii', '--class', 'cup']],
])('a run that is given %s prints the error alone', async (_, images, options) => {
  const out = join(await temporaryFolder(), 'out');
  const { code, stderr } = await preannotate(['run', images, ...options, '--out', out]);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^error: /);
});
