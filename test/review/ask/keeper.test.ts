import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { AskContext, AskSession } from '../../../src/review/ask/ask-session.js';
import { storeKept } from '../../../src/review/ask/kept-result.js';
import { Keeper } from '../../../src/review/ask/keeper.js';
import { temporaryFolder } from '../../support/temporary.js';

const CREATED = '2026-01-01T00:00:00.000Z';

/** A result that was kept, in a run whose features are opened once `ready` says so. */
async function withKept(ready: Promise<void>) {
  const outDir = await temporaryFolder();
  const file = join(outDir, 'table.yaml');
  await writeFile(file, 'after');
  await mkdir(join(outDir, '.preannotate'));
  const edit = { path: file, before: 'before', after: 'after', isWritten: false };
  const what = { class: 'cup', what: '“cup”', edit };
  expect(await storeKept({ outDir, created: CREATED }, what)).toBeUndefined();
  const run = { journal: { header: { created: CREATED }, entries: new Map() } };
  const context = {
    outDir,
    readOnly: undefined,
    note: () => {},
    run: () => run,
    rewrite: (work: () => unknown) => work(),
  };
  const session = {
    asker: () => ready.then(() => ({ features: { folder: 'features', dtype: 'fp32' } })),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  let updates = 0;
  const update = () => {
    updates++;
    return Promise.resolve();
  };
  const rerun = { ontology: { file }, commandWith: () => undefined, update };
  const keeper = new Keeper({
    context: context as unknown as AskContext,
    session: session as unknown as AskSession,
    rerun,
  });
  return { keeper, file, updates: () => updates };
}

it('of two that begin while the features are opened, one changes the ontology, and the other is refused', async () => {
  let open = () => {};
  const ready = new Promise<void>((resolve) => (open = resolve));
  const { keeper, file, updates } = await withKept(ready);
  expect(await keeper.currentState()).toMatchObject({ is: 'done', canTakeBack: true });
  const both = [keeper.takeBack(), keeper.takeBack()];
  open();
  const outcomes = await Promise.allSettled(both);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  expect(outcomes[1]).toMatchObject({ reason: { message: 'Another result is being kept: wait for its end.' } });
  await expect.poll(() => keeper.state).toMatchObject({ is: 'done', isBack: true, canTakeBack: false });
  expect([await readFile(file, 'utf8'), updates()]).toEqual(['before', 1]);
});
