import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LinesDigest } from '../../../src/disk/checked-line.js';
import { EntryTable } from '../../../src/run/entries/entry-table.js';
import type { EarlierWork, FoundImages } from '../../../src/run/plan/earlier-work.js';
import { planRun } from '../../../src/run/plan/plan.js';
import type { Source } from '../../../src/run/plan/sources.js';
import { temporaryFolder } from '../../support/temporary.js';
import { header } from '../journal-header.js';

const toImages = (names: readonly string[]) => names.map((name) => ({ name }));

/** What is found in a folder. Of the images, only those that are chosen are looked at. */
async function found(names: readonly string[], chosen = names): Promise<FoundImages & { root: string }> {
  const root = await temporaryFolder();
  for (const name of chosen) await writeFile(join(root, name), 'here');
  return { root, images: toImages(names), chosen: toImages(chosen), selectCovered: () => new Set() };
}

/** A run that annotated images of a folder. */
function earlier(root: string, names: readonly string[], sources: Record<string, Source> = {}): EarlierWork {
  const entry = { line: 2, offset: 0, length: 1, id: 1, replaces: 0, sizeBytes: 4, modifiedMs: 5 };
  return {
    journal: {
      path: join(root, 'detections.jsonl'),
      header,
      entries: new EntryTable(names.map((name) => [name, entry] as const)),
      lines: 2,
      endOffset: 2,
      torn: false,
      digest: new LinesDigest(),
    },
    list: { path: '', sources: new Map(Object.entries(sources)), form: 'read', problem: undefined },
    root,
    isKnown: () => false,
  };
}

describe('the plan of a run', () => {
  it('shows images again that are back, also where only others are chosen', async () => {
    const states = { 'a.jpg': { state: 'gone' }, 'b.jpg': { state: 'kept' }, 'c.jpg': { state: 'gone' } } as const;
    const part = await found(['a.jpg', 'b.jpg', 'new.jpg'], ['new.jpg']);
    const { sources, pending } = await planRun(part, earlier(part.root, ['a.jpg', 'b.jpg', 'c.jpg'], states), {
      rule: 'ask',
    });
    expect([...sources]).toEqual([['c.jpg', { state: 'gone' }]]);
    expect(pending).toEqual([{ name: 'new.jpg' }]);
  });

  it('has new images of the same folder, also where no others were found', async () => {
    const part = await found(['new.jpg']);
    const plan = await planRun(part, earlier(part.root, ['a.jpg']), { rule: 'ask' });
    expect(plan).toMatchObject({ pending: [{ name: 'new.jpg' }], others: 1, gone: [] });
    const elsewhere = earlier(`${part.root}-other`, ['a.jpg']);
    await expect(planRun(part, elsewhere, { rule: 'ask' })).rejects.toThrow(/none of which is among those found now/);
  });
});
