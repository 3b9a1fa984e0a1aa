import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/core/review/decision.js';
import { Journal } from '../../../src/run/journal.js';
import type { Sources } from '../../../src/run/plan/sources.js';
import { readReview } from '../../../src/run/review/read-review.js';
import { followRenamed } from '../../../src/run/review/renamed-images.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';
import { temporaryFolder } from '../../support/temporary.js';
import { header } from '../journal-header.js';

const ACCEPT: Change = { op: 'state', state: 'accepted' };
const set = (id: string): Change => {
  return { op: 'set', box: { id, status: 'drawn', class: 'dog', box: [1, 2, 30, 40] } };
};

/**
 * A run, of which images were decided on.
 *
 * @param images - SHA-256 by name; those in `gone` are in the journal, and their files are not there.
 * @param reviewed - SHA-256 and changes by name. What the journal does not have is gone, unless it ends in `-kept.jpg`.
 */
async function runOf(
  images: Record<string, string>,
  reviewed: Record<string, readonly [sha256: string, ...Change[]]>,
  gone: readonly string[] = [],
) {
  const folder = await temporaryFolder();
  await using journal = await Journal.begin(folder, header);
  const common = { width: 640, height: 480, detections: [], size_bytes: 4, modified_ms: 1000 };
  for (const [image, sha256] of Object.entries(images)) await journal.append({ image, ...common, sha256 });
  {
    await using review = await ReviewJournal.open(folder);
    for (const [image, [sha256, ...changes]] of Object.entries(reviewed))
      await review.append({ image, sha256, changes, author: 'Ana', at: '2026-01-01T00:00:00.000Z' });
  }
  const follow = async (nowGone: readonly string[]) => {
    const sources: Sources = new Map(nowGone.map((name) => [name, { state: 'gone' }]));
    const isGone = (name: string) => Promise.resolve(!name.endsWith('-kept.jpg'));
    return await followRenamed(folder, { path: journal.path, entries: journal.entries, sources, isGone });
  };
  const decided = async () => {
    const all = [...(await readReview(folder)).values()];
    const those = all.filter(({ state, boxes }) => state === 'accepted' || boxes.length > 0);
    return Object.fromEntries(those.map(({ image, state, boxes }) => [image, [state, ...boxes.map(({ id }) => id)]]));
  };
  return { folder, follow, decided, notes: await follow(gone) };
}

describe('what was decided about an image that was renamed', () => {
  it('counts under the new name, by the one who decided it, and goes back with the file', async () => {
    const images = { 'a.jpg': 'aa', 'b.jpg': 'bb', 'new.jpg': 'aa' };
    const reviewed = { 'a.jpg': ['aa', set('x'), ACCEPT], 'b.jpg': ['bb', set('y')] } as const;
    const { folder, notes, follow, decided } = await runOf(images, reviewed, ['a.jpg']);
    expect(notes).toEqual([
      '1 image was renamed since the review, and what was decided counts under the new name: a.jpg, now new.jpg.',
    ]);
    expect(await decided()).toEqual({ 'new.jpg': ['accepted', 'x'], 'b.jpg': ['open', 'y'] });
    const { author, at, sha256 } = (await readReview(folder)).get('new.jpg')!;
    expect({ author, at, sha256 }).toEqual({ author: 'Ana', at: '2026-01-01T00:00:00.000Z', sha256: 'aa' });
    const saved = await readFile(join(folder, 'review.jsonl'));
    expect(await follow(['a.jpg'])).toEqual([]);
    expect(await readFile(join(folder, 'review.jsonl'))).toEqual(saved);
    expect(await follow(['new.jpg'])).toHaveLength(1);
    expect(await decided()).toEqual({ 'a.jpg': ['accepted', 'x'], 'b.jpg': ['open', 'y'] });
  });

  it('is found where the journal was begun anew, if there is no file of the old name', async () => {
    const reviewed = { 'a.jpg': ['aa', ACCEPT], 'b-kept.jpg': ['bb', ACCEPT] } as const;
    const { decided } = await runOf({ 'new.jpg': 'aa', 'copy.jpg': 'bb' }, reviewed);
    expect(await decided()).toEqual({ 'new.jpg': ['accepted'], 'b-kept.jpg': ['accepted'] });
  });

  it('stays where the old file is there too, where the new one was decided on, or has other bytes', async () => {
    const reviewed = { 'a.jpg': ['aa', ACCEPT], 'b.jpg': ['bb', set('b')], 'c.jpg': ['cc', ACCEPT] } as const;
    const own = { 'own.jpg': ['bb', set('own')] } as const;
    const images = { 'a.jpg': 'aa', 'twin.jpg': 'aa', 'b.jpg': 'bb', 'own.jpg': 'bb', 'c.jpg': 'cc', 'd.jpg': 'cd' };
    const { notes, decided } = await runOf(images, { ...reviewed, ...own }, ['b.jpg', 'c.jpg']);
    expect(notes).toEqual([]);
    expect(Object.keys(await decided())).toEqual(['a.jpg', 'b.jpg', 'c.jpg', 'own.jpg']);
  });

  it('is given to no image where several have its bytes, and where several were decided on', async () => {
    const images = { 'a.jpg': 'aa', 'n1.jpg': 'aa', 'n2.jpg': 'aa', 'b.jpg': 'bb', 'c.jpg': 'bb', 'n3.jpg': 'bb' };
    const reviewed = { 'a.jpg': ['aa', ACCEPT], 'c.jpg': ['bb', set('x')], 'b.jpg': ['bb', ACCEPT] } as const;
    const { notes, decided } = await runOf(images, reviewed, ['a.jpg', 'b.jpg', 'c.jpg']);
    expect(notes).toEqual([
      'a.jpg was reviewed, and is gone. The same bytes are in n1.jpg, n2.jpg now: which of them ' +
        'was renamed is not clear, so nothing was decided about them.',
      'b.jpg, c.jpg were reviewed, and are gone. The same bytes are in n3.jpg now: which of them ' +
        'was renamed is not clear, so nothing was decided about it.',
    ]);
    expect(Object.keys(await decided())).toEqual(['a.jpg', 'c.jpg', 'b.jpg']);
  });
});
