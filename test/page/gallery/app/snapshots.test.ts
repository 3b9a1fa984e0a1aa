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
