import { expect, it } from 'vitest';
import type { DecidedBox } from '../../../../src/core/review/decision.js';
import { detectionOf } from '../../../support/review/editor-page.js';
import { openPage, until } from '../../../support/review/page-under-test.js';
import { packOf } from '../../../support/review/packs.js';

it('accepting in the grid keeps a correction of an earlier model whose number a box of this one has', async () => {
  const found = detectionOf(12, 0, { score: 0.9, box: [300, 300, 340, 340] });
  const { decisions, accept, server } = await openPage(packOf([[found]]));
  const corrected: DecidedBox = {
    id: 'p12',
    status: 'corrected',
    class: 'class 1',
    box: [12, 12, 52, 52],
    from: [10, 10, 50, 50],
    prompt: 'a photo of class 1',
    score: 0.5,
  };
  decisions.showDecision(server.decide(1, [{ op: 'set', box: corrected }]));
  accept.toggleAccepted(0);
  await until(() => decisions.unsavedCount.value === 0);
  const kept = { id: 'p12-2', status: 'kept', class: 'class 0', box: found.box, from: found.box };
  expect(server.decisions.get(1)).toMatchObject({ state: 'accepted', boxes: [corrected, kept] });
  accept.toggleAccepted(0);
  await until(() => decisions.unsavedCount.value === 0);
  expect(server.decisions.get(1)).toMatchObject({ state: 'open', boxes: [corrected, kept] });
});
