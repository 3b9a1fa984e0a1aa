import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Change, DecidedBox, Decision } from '../../src/core/review/decision.js';
import type { SavedDecision } from '../../src/core/review/overwritten.js';
import { fromCompactDecision, type CompactDecision } from '../../src/core/review/compact.js';
import { decodeDecisions } from '../../src/core/review/packed/packed-decisions.js';
import { unpackDecisions } from '../../src/core/review/packed/unpack-decisions.js';
import { ACCEPT, decide, keptBox, storedImage } from '../support/review/decide.js';
import { copyRun, readEvents, TestReview } from '../support/review/review-server.js';
import { sampleRun } from '../support/review/sample-run.js';

const scenes = sampleRun();

const drawn = (x: number): Change => {
  return { op: 'set', box: { id: 'd1', status: 'drawn', class: 'bottle', box: [x, 1.25, x + 20, 40.5] } };
};

/** A step of a page. */
async function send(review: TestReview, image: number, step: object): Promise<SavedDecision> {
  const answer = await review.get('/api/decisions', {
    method: 'POST',
    body: JSON.stringify({ image, ...step }),
    headers: { 'content-type': 'application/json' },
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as SavedDecision;
}

/** The next events after a revision. */
async function eventsAfter(review: TestReview, revision: number, count: number): Promise<unknown[]> {
  const stopped = new AbortController();
  const stream = await review.get('/api/events', {
    headers: { 'last-event-id': String(revision) },
    signal: stopped.signal,
  });
  const seen: unknown[] = [];
  for await (const { event, data } of readEvents(stream)) if (seen.push([event, data]) === count) break;
  stopped.abort();
  return seen;
}

it('a step that comes again, also to a server that was started since, is applied once and undoes nothing', async () => {
  const out = await copyRun(scenes.out);
  const lost = { changes: [drawn(1)], step: 'one-1', base: 0 };
  const first = await TestReview.opened(out);
  const [image] = (await first.pack()).facts.images.ids;
  const saved = await send(first, image!, lost);
  const newer = await send(first, image!, { changes: [drawn(5)], step: 'two-1', base: 1 });
  expect(await send(first, image!, lost)).toEqual(saved);
  await first[Symbol.asyncDispose]();

  await using next = await TestReview.opened(out);
  expect(await send(next, image!, lost)).toEqual(saved);
  const decisions = (await next.json('/api/decisions')) as Decision[];
  expect(decisions.map(({ revision, boxes }) => [revision, boxes])).toEqual([[2, newer.boxes]]);
  const compact = (await next.json('/api/decisions?compact')) as CompactDecision[];
  expect(compact.map(fromCompactDecision)).toEqual(decisions);
  expect((await readFile(join(out, 'review.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(2);
});

it('pages are told which steps met, and those that were away are told of what they have missed', async () => {
  const out = await copyRun(scenes.out);
  const first = await TestReview.opened(out);
  const [image] = (await first.pack()).facts.images.ids;
  const one = await send(first, image!, { changes: [drawn(1)], step: 'one-1', base: 0 });
  const two = await send(first, image!, { changes: [drawn(5)], step: 'two-1', base: 0 });
  expect(one.overwrote).toBeUndefined();
  expect(two.overwrote).toEqual([{ step: 'one-1', author: one.author, change: drawn(1) }]);
  expect(await eventsAfter(first, 1, 1)).toEqual([['decision', two]]);
  await first[Symbol.asyncDispose]();

  await using next = await TestReview.opened(out);
  expect(await eventsAfter(next, 0, 2)).toEqual([
    ['decision', one],
    ['decision', two],
  ]);
  expect(await eventsAfter(next, 99, 1)).toEqual([['decisions', {}]]); // of a file that is there no more
});

it('what a step says about itself is checked', async () => {
  await using review = await TestReview.opened(await copyRun(scenes.out));
  const [image] = (await review.pack()).facts.images.ids;
  for (const wrong of [{ step: 'no number' }, { step: 7 }, { base: -1 }, { base: '1' }, { seen: 1 }]) {
    await expect(send(review, image!, { changes: [drawn(1)], ...wrong })).rejects.toThrow('REQUEST_INVALID');
  }
  const { headers } = await review.get('/api/pack');
  const again = await review.get('/api/pack', { headers: { 'if-none-match': headers.get('etag')! } });
  expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
});

it('pages get what was decided as rows of the run, and it is the same as in full', async () => {
  const out = await copyRun(scenes.out);
  const [kept, changed] = [await storedImage(out, 'scene-01.jpg'), await storedImage(out, 'scene-02.jpg')];
  const set = (box: DecidedBox): Change => ({ op: 'set', box });
  await decide(out, kept.image, () => [...kept.detections.map((_, i) => set(keptBox(kept, i))), ACCEPT]);
  await decide(out, changed.image, () => [set({ ...keptBox(changed, 0), status: 'rejected' }), drawn(3)]);
  await using review = await TestReview.opened(out);
  const pack = await review.pack();
  const packed = decodeDecisions(new Uint8Array(await (await review.get('/api/decisions?packed')).arrayBuffer()));
  expect([packed.boxes.length, packed.others.map(({ id }) => id)]).toEqual([kept.detections.length + 2, ['d1']]);
  const withoutHash = ({ sha256: _, ...decision }: Decision) => decision;
  const full = (await review.json('/api/decisions')) as Decision[];
  expect(unpackDecisions(packed, pack).map(withoutHash)).toEqual(full.map(withoutHash));
  expect((await review.get('/api/pack')).headers.get('etag')).toBe(`"${packed.tag}"`);
});
