import { expect, it } from 'vitest';
import type { Change } from '../../../../src/core/review/decision.js';
import { openPage, until } from '../../../support/review/page-under-test.js';
import { packOf } from '../../../support/review/packs.js';

const ACCEPTED: Change[] = [{ op: 'state', state: 'accepted' }];
const OPEN: Change[] = [{ op: 'state', state: 'open' }];

it('a snapshot of all decisions does not replace newer ones that came while it was on its way', async () => {
  const { decisions, state, server } = await openPage(packOf([[], [], []]));
  server.decide(1, OPEN);
  server.decide(2, OPEN);
  const snapshot = [...server.decisions.values()];
  decisions.showDecision(server.decide(1, ACCEPTED)); // of another tab
  decisions.save(1, ACCEPTED);
  await until(() => decisions.unsavedCount.value === 0);
  decisions.showDecision(server.decide(3, ACCEPTED));
  decisions.showSaved(snapshot);
  expect([0, 1, 2].map((image) => state.decisions.get(image)?.state)).toEqual(['accepted', 'accepted', 'accepted']);
});

it('a snapshot without a decision that is older than others in it takes that one away', async () => {
  const { decisions, state, server } = await openPage(packOf([[], []]));
  decisions.showDecision(server.decide(1, ACCEPTED));
  decisions.showSaved([server.decide(2, ACCEPTED)]);
  expect([0, 1].map((image) => state.decisions.get(image)?.state)).toEqual([undefined, 'accepted']);
});

it('what is not saved stays on top of a snapshot', async () => {
  const { decisions, state, server, RequestProblem } = await openPage(packOf([[]]));
  server.failure = new RequestProblem('blocked', 'A run is writing into the folder.');
  decisions.save(0, ACCEPTED);
  await until(() => decisions.waiting.value !== undefined);
  decisions.showSaved([server.decide(1, OPEN)]);
  expect([state.decisions.get(0)?.state, decisions.unsavedCount.value]).toEqual(['accepted', 1]);
});

it('a step of this page that another one has overwritten is told of, and so is the other way round', async () => {
  const { decisions, state, server } = await openPage(packOf([[], []]));
  const box = (x: number): Change => {
    return { op: 'set', box: { id: 'd1', status: 'drawn', class: 'class 0', box: [x, 1, x + 9, 10] } };
  };
  decisions.save(0, [box(1)]);
  await until(() => decisions.unsavedCount.value === 0);
  state.selectedBox.value = 'd1';
  decisions.showDecision(server.decide(1, [box(5)], { id: 'other-1', base: 0 }));
  expect(decisions.notices.value).toEqual([
    'Another page moved the class 0 in image-000000.jpg at the same time as you. Your change was replaced.',
  ]);
  decisions.save(0, [box(7)]);
  server.decide(1, [box(8)], { id: 'other-2', base: 2 }); // before that arrives
  await until(() => decisions.unsavedCount.value === 0);
  expect(decisions.notices.value).toEqual([
    expect.stringContaining('Your change was replaced.'),
    'Another page moved the class 0 in image-000000.jpg at the same time as you. Your change replaced that.',
  ]);
  expect(state.selectedBox.value).toBe('d1');
  decisions.dismissNotices();
  decisions.showDecision(server.decide(1, [box(9)], { id: 'other-3', base: 4 })); // has seen this page's
  expect(decisions.notices.value).toEqual([]);
});
