import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, manyScenes, preannotate, Running } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

async function previewsIn(out: string): Promise<string[]> {
  const files = await readdir(join(out, 'previews'), { recursive: true }).catch(() => []);
  return files.filter((name) => name.endsWith('.jpg') && !name.startsWith('.')).sort();
}

async function untilPreviews(running: Running, out: string, count: number): Promise<void> {
  while ((await previewsIn(out)).length < count && running.child.exitCode === null) await setTimeout(20);
}

async function contentOf(out: string): Promise<Record<string, string>> {
  const names = await previewsIn(out);
  const files = names.map(async (name) => [name, await readFile(join(out, 'previews', name), 'base64')] as const);
  return Object.fromEntries(await Promise.all(files));
}

describe('run --preview', () => {
  it('shows previews while it annotates, and ends with those that an export draws', async () => {
    const folder = await temporaryFolder();
    const count = await manyScenes(join(folder, 'images'), 1);
    const out = join(folder, 'out');
    const running = new Running(['run', join(folder, 'images'), ...EMOJI, '--out', out, '--preview']);
    const finished = running.finished();
    await untilPreviews(running, out, 1);
    expect(running.child.exitCode).toBeNull();
    expect((await journalled(out)).length).toBeLessThan(count);
    const readIndex = () => readFile(join(out, 'previews/index.html'), 'utf8').catch(() => '');
    while ((await readIndex()) === '' && running.child.exitCode === null) await setTimeout(20);
    expect([running.child.exitCode, (await readIndex()).trimEnd().endsWith('</html>')]).toEqual([null, true]);
    const { code } = await finished;
    expect(code).toBe(0);
    const shown = await contentOf(out);
    expect(Object.keys(shown)).toHaveLength(count);
    const page = await readIndex();
    await rm(join(out, 'previews'), { recursive: true });
    await preannotate(['export', out, '--preview']);
    expect(await contentOf(out)).toEqual(shown);
    expect(await readIndex()).toBe(page);
  });

  it('leaves whole previews when it is stopped, and goes on from them', async () => {
    const folder = await temporaryFolder();
    const count = await manyScenes(join(folder, 'images'), 1);
    const [out, whole] = [join(folder, 'out'), join(folder, 'whole')];
    const args = (to: string) => ['run', join(folder, 'images'), ...EMOJI, '--out', to, '--preview'];
    const running = new Running(args(out));
    const finished = running.finished();
    await untilPreviews(running, out, 1);
    running.child.kill('SIGINT');
    expect((await finished).code).toBe(130);
    const early = await contentOf(out);
    expect(Object.keys(early).length).toBeGreaterThan(0);
    await preannotate(args(whole));
    const expected = await contentOf(whole);
    expect(expected).toMatchObject(early);
    expect((await preannotate(args(out))).code).toBe(0);
    expect(await contentOf(out)).toEqual(expected);
    expect(Object.keys(expected)).toHaveLength(count);
  });

  it('shows only the images that will have a preview in the end', async () => {
    const folder = await temporaryFolder();
    await manyScenes(join(folder, 'images'), 1);
    const out = join(folder, 'out');
    const running = new Running(['run', join(folder, 'images'), ...EMOJI, '--out', out, '--preview=3']);
    const seen = new Set<string>();
    const finished = running.finished();
    while (running.child.exitCode === null) {
      (await previewsIn(out)).forEach((name) => seen.add(name));
      await setTimeout(20);
    }
    expect((await finished).code).toBe(0);
    expect([...seen].sort()).toEqual(await previewsIn(out));
    expect(seen.size).toBe(3);
  });
});
