import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SCENES } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Three scenes in a subfolder, with the ground truth of all. */
async function photographs(): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'val'));
  for (const name of ['scene-01.jpg', 'scene-02.jpg', 'scene-04.jpg']) {
    await copyFile(join(SCENES, name), join(folder, 'val', name));
  }
  await copyFile(join(SCENES, 'instances.json'), join(folder, 'instances.json'));
  await writeFile(join(folder, 'other.json'), '{"images": "none"}');
  return folder;
}

async function bench(...args: string[]) {
  const child = spawn('npx', ['tsx', 'test/bench/main.ts', 'photographs', ...args], { cwd: ROOT });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('npm run bench -- photographs', () => {
  it('compares settings with the defaults, on the images of the ground truth that are there', async () => {
    const { code, stdout } = await bench(await photographs(), '--only', 'size 96', '--resamples', '50');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^builtin:emoji on 3 images with \d+ objects of 87 classes: .*instances\.json$/m);
    expect(stdout).toContain('45 images of that file are not in the folder');
    const rows = stdout.split('\n').filter((line) => line.includes('['));
    const [defaults, nms, small] = rows.slice(-3).map((row) => row.replaceAll(/ {2,}/g, '|').split('|'));
    expect([defaults![0], nms![0], small![0]]).toEqual(['defaults', 'defaults, NMS 0.5', 'size 96']);
    const [, ap, low, high] = /^([\d.]+) \[([\d.]+), ([\d.]+)\]$/.exec(defaults![1]!)!.map(Number);
    expect(ap).toBeGreaterThan(50); // the built-in model knows these images' classes
    expect(low).toBeLessThanOrEqual(ap!);
    expect(high).toBeGreaterThanOrEqual(ap!);
    expect(small!.at(-2)).toMatch(/^-\d+\.\d \[-\d+\.\d, -\d+\.\d\]$/); // a smaller input finds less
    expect(Number(small!.at(-1))).toBeGreaterThan(0); // seconds an image
  });

  it('needs a ground truth, one that has images of the folder, and numbers', async () => {
    const folder = await photographs();
    const truth = JSON.parse(await readFile(join(folder, 'instances.json'), 'utf8')) as object;
    await writeFile(join(folder, 'second.json'), JSON.stringify({ ...truth, images: [{ id: 1, file_name: 'x.jpg' }] }));
    const unclear = await bench(folder);
    expect(unclear).toMatchObject({ code: 1 });
    expect(unclear.stderr).toMatch(/several files of ground truth: .*instances\.json.*Choose one with --truth/);
    const foreign = await bench(folder, '--truth', join(folder, 'second.json'));
    expect(foreign.stderr).toContain('has none of the 1 images of');
    expect(await bench(folder, '--images', 'few')).toMatchObject({
      code: 2,
      stderr: '--images must be a whole number from 1 on, not few.\n',
    });
  });
});
