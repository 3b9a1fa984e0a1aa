import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCENES } from '../support/cli.js';
import { ROOT } from '../support/model/golden.js';
import { packAndExtract } from '../support/packed.js';
import { linkPackage, runFile } from '../support/program.js';

const NAMES = ['one-image', 'folder', 'threshold'];

let folder: string;

/** The examples of the documentation, in a folder where the packed package is installed. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-examples-'));
  const packed = await packAndExtract(folder);
  await symlink(join(ROOT, 'node_modules'), join(packed, 'node_modules'));
  await linkPackage(folder, packed);
  await mkdir(join(folder, 'node_modules/@types'));
  await cp(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), { recursive: true });
  await symlink(join(ROOT, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'));
  const text = await readFile(join(packed, 'fixtures/docs/program.md'), 'utf8');
  const examples = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code!);
  expect(examples.length).toBe(NAMES.length);
  for (const [i, name] of NAMES.entries()) {
    await writeFile(join(folder, `${name}.mjs`), examples[i]!);
    await writeFile(join(folder, `${name}.mts`), examples[i]!);
  }
  await mkdir(join(folder, 'photos'));
  for (const scene of ['scene-07.jpg', 'scene-08.jpg']) await cp(join(SCENES, scene), join(folder, 'photos', scene));
});
afterAll(() => rm(folder, { recursive: true }));

/** Everything strict, the declarations of the package among it. @returns What is wrong */
async function typeCheck(files: readonly string[], options: object): Promise<string> {
  const common = { target: 'es2022', strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false };
  const compilerOptions = { ...common, noUncheckedIndexedAccess: true, noEmit: true, ...options };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  try {
    const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
    return execFileSync(process.execPath, [compiler, '-p', '.'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

const MODES = [
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
];

describe('the examples of fixtures/docs/program.md, with the packed package', () => {
  it.each(MODES)('have types, with $moduleResolution', async (mode) => {
    const files = NAMES.map((name) => `${name}.mts`);
    expect(await typeCheck(files, { ...mode, types: ['node'], lib: ['es2022', 'esnext.disposable'] })).toBe('');
  });

  it('have types without those of Node, and with those of a browser', async () => {
    const mode = { ...MODES[0], types: [], lib: ['es2022', 'esnext.disposable', 'dom'] };
    expect(await typeCheck(['one-image.mts', 'threshold.mts'], mode)).toBe('');
  });

  it('have types that refuse what there is not', async () => {
    const text = `
      import { annotate, openDetector, readRun, PreannotateError } from 'preannotate';
      await annotate({ paths: 'photos', formats: ['coco'] });
      await annotate({ out: 'drafts' });
      const { boxes } = await (await openDetector()).detect('a.jpg', { scoreThreshold: '0.3' });
      boxes[0].score;
      const { written, status } = await readRun('drafts');
      written.boxes + (status === 'stopped' ? 1 : 0);
      new PreannotateError({ code: 'NO_SUCH_CODE', message: '', hint: '' });
    `;
    await writeFile(join(folder, 'wrong.mts'), text);
    const wrong = await typeCheck(['wrong.mts'], { ...MODES[0], types: ['node'] });
    const lines = [...wrong.matchAll(/^wrong\.mts\((\d+),/gm)].map(([, line]) => Number(line));
    expect(lines).toEqual([3, 4, 5, 6, 8, 8, 9]);
  });

  it('run one after the other', async () => {
    const [image, run, threshold] = [
      await runFile(join(folder, 'one-image.mjs'), folder),
      await runFile(join(folder, 'folder.mjs'), folder),
      await runFile(join(folder, 'threshold.mjs'), folder),
    ];
    for (const ended of [image, run, threshold]) expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(image.stdout).toMatch(/^1280 x 720\nbottle 0\.\d+ [\d.]+ [\d.]+ [\d.]+ [\d.]+\n/);
    expect(run.stdout).toMatch(/^0 of 2, 0 failed\n1 of 2, 0 failed\n2 of 2, 0 failed\n\d+ boxes \{/);
    expect(threshold.stdout).toMatch(
      /^builtin:emoji 87 2\n[12] images have a box above 0\.6\n\d+ boxes in coco, csv, yolo\n$/,
    );
  });
});
