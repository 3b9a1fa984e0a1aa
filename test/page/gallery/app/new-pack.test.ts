import { beforeEach, expect, it } from 'vitest';
import type { GalleryPack } from '../../../../src/core/gallery/pack.js';
import type { Change } from '../../../../src/core/review/decision.js';
import { openPage, until, type PageUnderTest } from '../../../support/review/page-under-test.js';
import { detectionOf } from '../../../support/review/editor-page.js';
import { packOf } from '../../../support/review/packs.js';

const ACCEPTED: Change[] = [{ op: 'state', state: 'accepted' }];

/** A run of images with these names. Images keep their numbers when others come before them. */
function runOf(images: Readonly<Record<string, number>>, classes = ['pallet', 'crate']): GalleryPack {
  const found = [detectionOf(1, 0, { score: 0.9, box: [10, 10, 50, 50] })];
  const { facts, boxes } = packOf(Object.keys(images).map(() => found));
  return {
    facts: {
      ...facts,
      classes: classes.map((name) => ({ name, threshold: 0.1 })),
      prompts: classes.map((name, i) => ({ text: `a ${name}`, class: i })),
      images: { ...facts.images, names: Object.keys(images), ids: Object.values(images) },
    },
    boxes,
  };
}

const BEFORE = runOf({ 'b.jpg': 1, 'c.jpg': 2 });
const AFTER = runOf({ 'a.jpg': 3, 'b.jpg': 1, 'c.jpg': 2 }, ['barrel', 'crate', 'pallet']);

let page: PageUnderTest;

beforeEach(async () => {
  page = await openPage(BEFORE);
});

it('changes that wait while the run is brought up to date are saved to the image they were made on', async () => {
  const { decisions, state, server } = page;
  server.failure = new page.RequestProblem('unreachable', 'The run is being brought up to date.');
  decisions.save(0, ACCEPTED);
  await until(() => !decisions.isConnected.value);
  server.failure = undefined;
  decisions.showRun(AFTER, []);
  expect(state.decisions.get(1)).toMatchObject({ image: 'b.jpg', state: 'accepted' });
  expect([state.decisions.has(0), decisions.unsavedCount.value]).toEqual([false, 1]);
  await until(() => decisions.unsavedCount.value === 0);
  expect(server.received).toEqual([
    { image: 1, changes: ACCEPTED },
    { image: 1, changes: ACCEPTED },
  ]);
});

it('changes made on earlier bytes of an image stay refused when they are sent again, and are not undone', async () => {
  const withDigests = ({ facts, boxes }: GalleryPack, digests: string[]) => {
    return { facts: { ...facts, images: { ...facts.images, digests } }, boxes };
  };
  page = await openPage(withDigests(BEFORE, ['b1', 'c1']));
  const { decisions, server } = page;
  decisions.save(1, ACCEPTED);
  await until(() => decisions.unsavedCount.value === 0);
  server.failure = new page.RequestProblem('busy', 'The run is being brought up to date.');
  decisions.save(0, ACCEPTED);
  await until(() => decisions.waiting.value !== undefined);
  server.failure = new page.RequestProblem('refused', 'b.jpg was replaced.');
  decisions.showRun(withDigests(AFTER, ['a1', 'b2', 'c1']), []);
  decisions.save(1, ACCEPTED);
  await until(() => decisions.refused.value.length === 2);
  decisions.sendRefusedAgain();
  await until(() => decisions.refused.value.length === 2);
  expect(server.seen).toEqual(['c1', 'b1', 'b1', 'b2', 'b1', 'b2']);
  const undone = [decisions.undo(), decisions.undo(), decisions.undo()].map((step) => step?.image);
  expect(undone).toEqual([1, 2, undefined]);
});

it('undo takes a step back on the image it was made on; steps on images that are gone are forgotten', async () => {
  const { decisions, server } = page;
  decisions.save(0, ACCEPTED);
  decisions.save(1, ACCEPTED);
  await until(() => decisions.unsavedCount.value === 0);
  decisions.showRun(runOf({ 'a.jpg': 3, 'b.jpg': 1 }), [...server.decisions.values()]);
  expect(decisions.undo()?.image).toBe(1);
  await until(() => decisions.unsavedCount.value === 0);
  expect(server.received.at(-1)).toEqual({ image: 1, changes: [{ op: 'state', state: 'open' }] });
  expect([decisions.canUndo.value, decisions.redo()?.image]).toEqual([false, 1]);
});

it('undo leaves alone what was changed elsewhere since', async () => {
  const { decisions, server } = page;
  decisions.save(0, ACCEPTED);
  await until(() => decisions.unsavedCount.value === 0);
  const [saved] = server.decisions.values();
  decisions.showDecision({ ...saved!, revision: 99, author: 'mira', state: 'open' });
  expect(decisions.undo()).toEqual({ image: 0, isDone: false });
  expect([decisions.unsavedCount.value, decisions.notices.value]).toEqual([
    0,
    [expect.stringContaining('mira changed')],
  ]);
});

it('the image that is open stays open, and the filter means the same classes and prompts', () => {
  const { decisions, state } = page;
  state.current.value = 1;
  state.selectedBox.value = 'p1';
  state.order.value = Uint32Array.of(1, 0);
  state.filter.value = { ...state.filter.value, classes: [0], prompt: 0 };
  decisions.showRun(AFTER, []);
  expect([state.current.value, state.selectedBox.value, [...state.order.value]]).toEqual([2, 'p1', [2, 1]]);
  expect(state.filter.value).toMatchObject({ classes: [2], prompt: 2 });
});

it('an image that is gone is closed, and an answer about the earlier run is not shown over the new one', () => {
  const { decisions, state } = page;
  state.current.value = 1;
  state.answer.value = BEFORE;
  decisions.showRun(runOf({ 'b.jpg': 1 }), []);
  expect([state.current.value, [...state.order.value], state.answer.value]).toEqual([undefined, [], undefined]);
});

it('changes to an image that is gone are refused by its name, and not saved to another one', async () => {
  const { decisions, server } = page;
  server.failure = new page.RequestProblem('unreachable', 'The run is being brought up to date.');
  decisions.save(1, ACCEPTED);
  await until(() => !decisions.isConnected.value);
  decisions.showRun(runOf({ 'a.jpg': 3, 'b.jpg': 1 }), []);
  await until(() => decisions.refused.value.length > 0);
  expect(decisions.refused.value[0]!.message).toContain('c.jpg is not in the run any more');
  expect(server.received).toHaveLength(1);
});
