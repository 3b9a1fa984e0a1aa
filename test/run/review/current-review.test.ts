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

async function runOf(sha256s: Record<string, string>) {
  const folder = await temporaryFolder();
  const journal = await Journal.begin(folder, header);
  const common = { width: 640, height: 480, detections: [], size_bytes: 10, modified_ms: 20 };
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
