import { createHash } from 'node:crypto';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/core/review/decision.js';
import { buildOntology } from '../../../src/core/ontology.js';
import { Journal } from '../../../src/run/journal.js';
import { noteLeftOut, readCurrentReview } from '../../../src/run/review/current-review.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';
import { temporaryFolder } from '../../support/temporary.js';
import { header } from '../journal-header.js';

const set = (id: string, name: string): Change => {
  return { op: 'set', box: { id, status: 'drawn', class: name, box: [1, 2, 30, 40] } };
};

const sha256Of = (content: string) => createHash('sha256').update(content).digest('hex');

async function runOf(sha256s: Record<string, string>) {
  const folder = await temporaryFolder();
  const journal = await Journal.begin(folder, header);
  const common = { width: 640, height: 480, detections: [], size_bytes: 4, modified_ms: 1000 };
  for (const [image, sha256] of Object.entries(sha256s)) await journal.append({ image, ...common, sha256 });
  await journal[Symbol.asyncDispose]();
  return { folder, journal };
}

const kept = 'What was decided stays in review.jsonl.';

describe('the review of a run', () => {
  it('has what was decided about the bytes that were annotated, and says what it leaves out', async () => {
    const { folder, journal } = await runOf({ 'same.jpg': 'ab', 'changed.jpg': 'new', 'undone.jpg': 'ab' });
    {
      await using review = await ReviewJournal.open(folder);
      const add = (image: string, ...changes: Change[]) =>
        review.append({ image, sha256: 'ab', changes, author: 'Ana' });
      await Promise.all([
        add('changed.jpg', set('a', 'dog')),
        add('same.jpg', set('a', 'dog'), set('b', 'cat'), set('c', 'cat')),
        add('gone.jpg', { op: 'state', state: 'accepted' }),
        add('undone.jpg', set('a', 'dog'), { op: 'forget', id: 'a' }),
      ]);
    }
    const review = (await readCurrentReview(folder, journal))!;
    expect([...review.decisions.keys()]).toEqual(['same.jpg']);
    expect(review).toMatchObject({ changed: ['changed.jpg'], absent: ['gone.jpg'] });
    expect(noteLeftOut(review, buildOntology(header.ontology))).toEqual([
      `Changed since the review, so not reviewed any more: 1 image (changed.jpg). ${kept}`,
      `Reviewed, and not among the images of this run: 1 image (gone.jpg). ${kept}`,
      '2 reviewed boxes left out, because the ontology has no class "cat": review.jsonl keeps them.',
    ]);
  });

  it('leaves out images whose files were replaced since the run, and looks into those whose time differs', async () => {
    const images = await temporaryFolder();
    const files = {
      'same.jpg': 'aaaa',
      'copied.jpg': 'bbbb',
      'gone.jpg': 'cccc',
      'other.jpg': 'dddd',
      'long.jpg': 'e',
    };
    const { folder, journal } = await runOf(
      Object.fromEntries(Object.entries(files).map(([n, c]) => [n, sha256Of(c)])),
    );
    await using review = await ReviewJournal.open(folder);
    for (const [image, content] of Object.entries(files)) {
      await review.append({ image, sha256: sha256Of(content), changes: [set('a', 'dog')], author: 'Ana' });
      if (image !== 'gone.jpg') await writeFile(join(images, image), image === 'other.jpg' ? 'DDDD' : content);
    }
    await utimes(join(images, 'same.jpg'), 1, 1);
    const { path, entries } = journal;
    const read = (await readCurrentReview(folder, { path, entries, root: images }))!;
    expect([...read.decisions.keys()]).toEqual(['same.jpg', 'copied.jpg', 'gone.jpg']);
    expect(read.replaced).toEqual(['long.jpg', 'other.jpg']);
    expect(noteLeftOut(read, buildOntology(header.ontology))).toEqual([
      'Replaced since the run, so not reviewed any more, and with boxes of the earlier file: 2 images (long.jpg, ' +
        'other.jpg). Run again to annotate what is there now.',
    ]);
    const unseen = (await readCurrentReview(folder, { path, entries }))!;
    expect(unseen.replaced).toEqual([]);
    expect(unseen.digest).not.toBe(read.digest); // views are written again
  });

  it('names accepted images that have no box because the ontology lost their classes', async () => {
    const { folder, journal } = await runOf({ 'a.jpg': 'ab', 'b.jpg': 'ab', 'c.jpg': 'ab' });
    await using review = await ReviewJournal.open(folder);
    const accept: Change = { op: 'state', state: 'accepted' };
    const add = (image: string, ...changes: Change[]) =>
      review.append({ image, sha256: 'ab', changes: [...changes, accept], author: 'Ana' });
    await Promise.all([add('a.jpg', set('a', 'cat')), add('b.jpg', set('a', 'cat'), set('b', 'dog')), add('c.jpg')]);
    const read = await readCurrentReview(folder, journal);
    expect(noteLeftOut(read, buildOntology(header.ontology))).toEqual([
      '2 reviewed boxes left out, because the ontology has no class "cat": review.jsonl keeps them.',
      'Accepted, and without any box for that reason: 1 image (a.jpg).',
    ]);
  });

  it('is none where nothing is decided', async () => {
    const { folder, journal } = await runOf({ 'a.jpg': 'ab' });
    expect(await readCurrentReview(folder, journal)).toBeUndefined();
    {
      await using review = await ReviewJournal.open(folder);
      const changes: Change[] = [set('a', 'dog'), { op: 'forget', id: 'a' }];
      await review.append({ image: 'a.jpg', sha256: 'ab', changes, author: 'Ana' });
    }
    expect(await readCurrentReview(folder, journal)).toBeUndefined();
    expect(noteLeftOut(undefined, { classes: [] })).toEqual([]);
  });
});
