import { readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { yolo } from '../../../src/formats/yolo/yolo.js';
import { flattenYolo } from '../../support/flat-layout.js';
import { filesUnder } from '../readers.js';
import { startWriting } from '../start-writing.js';
import { imagesNamed, randomNumbers, written } from '../views.js';

const FOLDERS = ['0/', 'train/', 'train/train/'];
const NAMES = Array.from({ length: 300 }, (_, i) => `${FOLDERS[i % 3]!}${i}.jpg`).sort();

async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = await filesUnder(folder);
  const content = async (file: string) => await readlink(file).catch(() => readFile(file, 'utf8'));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(folder.length + 1), await content(file)] as const)),
  );
}

it('a YOLO view that gets the new layout, and is killed at any moment, loses no file and no edit', async () => {
  const random = randomNumbers(5);
  let usualMs = 0;
  for (let time = 0; time <= 2; time++) {
    const { view } = await written('yolo', imagesNamed(NAMES));
    const { ['labels/train/train/4.txt']: _, ...expected } = await contentOf(view.outDir);
    await flattenYolo(view.outDir);
    await writeFile(join(view.outDir, 'labels/train/1.txt'), 'by hand');
    await rm(join(view.outDir, 'labels/train/4.txt'));
    const startMs = performance.now();
    for (let attempt = 0; attempt < 2 && time > 0; attempt++) {
      const writing = await startWriting('yolo', view, { names: NAMES });
      await setTimeout(random() * usualMs * 0.6);
      writing.child.kill('SIGKILL');
      await writing.closed;
    }
    const { closed } = await startWriting('yolo', view, { names: NAMES });
    await closed;
    if (time === 0) usualMs = performance.now() - startMs;
    const notes = await yolo.write(view);
    expect(notes.join()).toContain('labels/train/train/1.txt, labels/train/train/4.txt (deleted).');
    expect(await contentOf(view.outDir)).toEqual({ ...expected, 'labels/train/train/1.txt': 'by hand' });
  }
});
