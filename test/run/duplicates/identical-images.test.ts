import { createHash } from 'node:crypto';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ImageOutcome, ImageResult } from '../../../src/core/image.js';
import { buildOntology } from '../../../src/core/ontology.js';
import { IdenticalImages } from '../../../src/run/duplicates/identical-images.js';
import { Journal } from '../../../src/run/journal.js';
import { readJournal, RecordFile } from '../../../src/run/read-journal.js';
import { toRecord } from '../../../src/run/record.js';
import { temporaryFolder } from '../../support/temporary.js';
import { header } from '../journal-header.js';

const ontology = buildOntology({ templates: [], classes: [{ name: 'dog', id: 1, prompts: ['a dog'] }], ignore: [] });

/** Images in a folder, and what stands for a worker: it answers when it is told to. */
async function folderOf(contents: Readonly<Record<string, string>>, maxBytes = 1000) {
  const root = join(await temporaryFolder(), 'images');
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  const out = join(root, '../out');
  await mkdir(out);
  const journal = await Journal.begin(out, header, await readJournal(out));
  const annotated: string[] = [];
  const results = new IdenticalImages({ root, journal, ontology, maxBytes });
  const answers = new Map<string, (outcome: ImageOutcome) => void>();
  const detect = (name: string) =>
    results.detect({ name }, () => {
      annotated.push(name);
      return new Promise((resolve) => answers.set(name, resolve));
    });
  const answer = async (name: string, isOk = true) => {
    while (!answers.has(name)) await new Promise(setImmediate);
    const failure = { code: 'IMAGE_UNDECODABLE', message: name, hint: '' } as const;
    answers.get(name)!(isOk ? { ok: true, result: resultOf(name, contents[name]!) } : { ok: false, name, failure });
  };
  const close = async () => {
    await results[Symbol.asyncDispose]();
    await journal[Symbol.asyncDispose]();
  };
  return { root, journal, annotated, results, detect, answer, close };
}

function resultOf(name: string, content: string): ImageResult {
  const sha256 = createHash('sha256').update(content).digest('hex');
  const detections = [{ classId: 0, queryId: 0, patchId: 3, score: 0.5, box: [1, 2, 3, 4] as const }];
  return { name, width: 10, height: 20, detections, sizeBytes: content.length, modifiedMs: 5, sha256, degraded: 'cut' };
}

describe('images with the same bytes', () => {
  it('are annotated once; others of the same size each by themselves', async () => {
    const folder = await folderOf({ 'a.jpg': 'same', 'b.jpg': 'else', 'c/c.jpg': 'same', 'd.jpg': 'longer' });
    await utimes(join(folder.root, 'c/c.jpg'), 1000, 1000.5);
    const outcomes = ['a.jpg', 'b.jpg', 'c/c.jpg', 'd.jpg'].map(folder.detect);
    for (const name of ['b.jpg', 'd.jpg', 'a.jpg']) await folder.answer(name);
    const [a, b, c, d] = await Promise.all(outcomes);
    expect(folder.annotated.sort()).toEqual(['a.jpg', 'b.jpg', 'd.jpg']);
    expect(a).toEqual({ ok: true, result: resultOf('a.jpg', 'same') });
    expect(c).toEqual({ ok: true, result: { ...resultOf('c/c.jpg', 'same'), modifiedMs: 1_000_500 } });
    expect([b, d]).toMatchObject([{ ok: true }, { ok: true }]);
    expect(folder.results.count).toBe(1);
    await folder.close();
  });

  it('get the result that the journal has of one of them', async () => {
    const first = await folderOf({ 'a.jpg': 'same', 'b.jpg': 'same', 'c.jpg': 'other', 'd.jpg': 'same' });
    await first.journal.append(toRecord(resultOf('a.jpg', 'same'), 1, ontology));
    const results = new IdenticalImages({ root: first.root, journal: first.journal, ontology, maxBytes: 1000 });
    const never = () => Promise.reject(new Error('it is annotated again'));
    for (const name of ['b.jpg', 'd.jpg']) {
      const outcome = await results.detect({ name }, never);
      expect(outcome).toMatchObject({ ok: true, result: { name, detections: resultOf(name, 'same').detections } });
    }
    await expect(results.detect({ name: 'c.jpg' }, never)).rejects.toThrow('annotated again');
    await results[Symbol.asyncDispose]();
    await first.close();
  });

  it.each([3, 50])(
    'are found among %i of one size in the journal, of which few lines are read singly',
    async (count) => {
      const names = Array.from({ length: count }, (_, i) => `${i + 10}.bmp`);
      const frames = Object.fromEntries(names.map((name) => [name, `frame ${name}`]));
      const folder = await folderOf({ ...frames, 'copy.bmp': 'frame 12.bmp', 'new.bmp': 'frame 99.bmp' });
      for (const [i, name] of names.entries())
        await folder.journal.append(toRecord(resultOf(name, frames[name]!), i + 1, ontology));
      const { root, journal } = folder;
      const results = new IdenticalImages({ root, journal, ontology, maxBytes: 1000 });
      const reads = vi.spyOn(RecordFile.prototype, 'read');
      onTestFinished(() => reads.mockRestore());
      const never = () => Promise.reject(new Error('it is annotated again'));
      await expect(results.detect({ name: 'new.bmp' }, never)).rejects.toThrow('annotated again');
      const copy = await results.detect({ name: 'copy.bmp' }, never);
      expect(copy).toMatchObject({
        ok: true,
        result: { name: 'copy.bmp', sha256: resultOf('', frames['12.bmp']!).sha256 },
      });
      expect(reads.mock.calls.length).toBeLessThanOrEqual(4);
      await results[Symbol.asyncDispose]();
      await folder.close();
    },
  );

  it('are told from images of the same size that only end alike', async () => {
    const end = 'x'.repeat(5000);
    const contents = { 'a.bmp': `a${end}`, 'b.bmp': `b${end}`, 'c.bmp': `b${end}`, 'd.bmp': `${end}d` };
    const folder = await folderOf(contents, 10_000);
    const outcomes = Object.keys(contents).map(folder.detect);
    for (const name of ['a.bmp', 'd.bmp']) await folder.answer(name);
    while (folder.annotated.length < 3) await new Promise(setImmediate);
    const third = folder.annotated.find((name) => name === 'b.bmp' || name === 'c.bmp')!;
    await folder.answer(third);
    await Promise.all(outcomes);
    expect(folder.annotated.sort()).toEqual(['a.bmp', third, 'd.bmp']);
    expect(folder.results.count).toBe(1);
    await folder.close();
  });

  it('are each tried while none of them could be annotated', async () => {
    const folder = await folderOf({ 'a.jpg': 'same', 'b.jpg': 'same', 'c.jpg': 'same' });
    const outcomes = ['a.jpg', 'b.jpg', 'c.jpg'].map(folder.detect);
    await folder.answer('a.jpg', false);
    while (folder.annotated.length < 2) await new Promise(setImmediate);
    const second = folder.annotated[1]!;
    await folder.answer(second);
    const [a, b, c] = await Promise.all(outcomes);
    expect(a!.ok).toBe(false);
    expect([b, c]).toMatchObject([{ ok: true }, { ok: true }]);
    expect(folder.annotated).toHaveLength(2);
    await folder.close();
  });

  it('are left to the workers where they are too large, or no files', async () => {
    const folder = await folderOf({
      'a.jpg': 'x'.repeat(2000),
      'b.jpg': 'x'.repeat(2000),
      'c.jpg': 'same',
      'd.jpg': 'same',
    });
    const outcomes = ['a.jpg', 'b.jpg', 'gone.jpg', 'c.jpg'].map(folder.detect);
    for (const name of ['a.jpg', 'b.jpg', 'c.jpg']) await folder.answer(name);
    await Promise.all([outcomes[0], outcomes[1], outcomes[3], folder.detect('d.jpg')]);
    expect(folder.annotated.sort()).toEqual(['a.jpg', 'b.jpg', 'c.jpg', 'gone.jpg']);
    await folder.close();
  });
});
