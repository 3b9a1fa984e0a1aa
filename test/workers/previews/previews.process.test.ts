import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/formats/format.js';
import { textFile } from '../../../src/formats/view-folder/view-file.js';
import { writeView } from '../../../src/formats/view-folder/write-view.js';
import { EMOJI, manyScenes, preannotate, Running, SCENES } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

/** The process that draws, as the system lists it; undefined while there is none. */
async function findArtist(running: Running): Promise<number | undefined> {
  for (const pid of await running.workers()) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes('preview-worker.js')) return pid;
  }
  return undefined;
}

async function* asStream<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* await Promise.resolve(items);
}

async function previewsIn(out: string): Promise<string[]> {
  const files = await readdir(join(out, 'previews'), { recursive: true });
  return files.filter((name) => name.endsWith('.jpg'));
}

describe('previews', () => {
  it('of a folder of an earlier version, called x.jpg.jpg, get their new names, and edited ones stay', async () => {
    const out = join(await temporaryFolder(), 'out');
    const images = ['scene-01.jpg', 'scene-02.jpg'];
    const args = ['run', ...images.map((name) => join(SCENES, name)), ...EMOJI, '--out', out, '--preview'];
    await preannotate(args);
    const drawn = await readFile(join(out, 'previews/scene-01.jpg'));
    const groups = images.map((image) => ({ image, files: [textFile(`${image}.jpg`, 'drawn')] }));
    const readme = { files: [textFile('README.txt', 'Drawn by preannotate.')] };
    const view = { outDir: join(out, 'previews'), overwriteEdited: false, throwIfStopped: () => Promise.resolve() };
    const provenance = { version: '0', model: '', revision: '' } as unknown as View['provenance'];
    await writeView({ ...view, provenance, root: undefined }, 'README.txt', {
      images: Infinity,
      groups: asStream([...groups, readme]),
    });
    expect(await previewsIn(out)).toEqual(['scene-01.jpg.jpg', 'scene-02.jpg.jpg']);
    await writeFile(join(out, 'previews/scene-02.jpg.jpg'), 'edited');
    expect((await preannotate(['export', out])).code).toBe(0);
    expect((await previewsIn(out)).sort()).toEqual(['scene-01.jpg', 'scene-02.jpg', 'scene-02.jpg.jpg']);
    expect((await readFile(join(out, 'previews/scene-01.jpg'))).equals(drawn)).toBe(true);
  });

  it.skipIf(process.platform !== 'linux')(
    'are complete when the process that draws them is killed (finds it in /proc, on Linux)',
    async () => {
      const folder = await temporaryFolder();
      const count = await manyScenes(join(folder, 'images'), 2);
      const out = join(folder, 'out');
      await preannotate(['run', join(folder, 'images'), ...EMOJI, '--out', out]);
      const running = new Running(['export', out, '--preview']);
      const finished = running.finished();
      const killed = new Set<number>();
      while (killed.size < 3 && running.child.exitCode === null) {
        const artist = await findArtist(running);
        if (artist !== undefined && !killed.has(artist)) {
          await setTimeout(50); // so that it is drawing
          process.kill(artist, 'SIGKILL');
          killed.add(artist);
        }
        await setTimeout(5);
      }
      const { code, stderr } = await finished;
      expect(killed.size).toBe(3);
      expect(stderr).not.toContain('No preview');
      expect(code).toBe(0);
      expect(await previewsIn(out)).toHaveLength(count);
    },
  );

  it('that cannot be drawn are named, and the exit code is 3', async () => {
    const folder = await temporaryFolder();
    const count = await manyScenes(join(folder, 'images'), 1);
    const out = join(folder, 'out');
    const fault = pathToFileURL(join(ROOT, 'test/faults/no-preview.mjs')).href;
    const { code, stderr } = await preannotate(['run', join(folder, 'images'), ...EMOJI, '--out', out, '--preview'], {
      env: { NODE_OPTIONS: `--import ${fault}` },
    });
    expect(stderr).toContain('No preview of copy-0/scene-01.jpg: the process that draws died');
    expect(code).toBe(3);
    expect(await previewsIn(out)).toHaveLength(count - 1);
    const manifest = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as { counts: object; status: string };
    expect(manifest).toMatchObject({ status: 'done', counts: { missing_previews: 1, failed: 0 } });
    expect((await preannotate(['export', out, '--preview'])).code).toBe(0);
    expect(await previewsIn(out)).toHaveLength(count);
  });
});
