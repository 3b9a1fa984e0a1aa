import { readStoredSelection, resolveSelection } from '../../../src/config/selection.js';
import type { DecidedBox } from '../../../src/core/review/decision.js';
import { select } from '../../../src/core/select.js';
import { StoredImages } from '../../../src/run/images/stored-images.js';
import { openRun } from '../../../src/run/open-run.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';

/** What becomes of the boxes of an image, all of which are kept before. */
type Decide = (boxes: readonly DecidedBox[]) => readonly DecidedBox[];

/** Accepts images of a run as a person would on the page, by name. */
export async function acceptImages(outDir: string, decide: Readonly<Record<string, Decide>>): Promise<void> {
  const { journal, ontology, imageIds, sources, scope } = await openRun(outDir);
  const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
  await using review = await ReviewJournal.open(outDir);
  for await (const image of new StoredImages(journal, imageIds, { ontology, selection, sources })) {
    const decideOn = decide[image.name];
    if (decideOn === undefined) continue;
    const kept = select(image.stored, selection).map(({ classId, queryId, patchId, score, box }): DecidedBox => {
      const { prompt } = ontology.queries[queryId]!;
      const name = ontology.classes[classId]!.name;
      return { id: `p${patchId}`, status: 'kept', class: name, box, from: box, prompt, score };
    });
    const boxes = decideOn(kept).map((box) => ({ op: 'set', box }) as const);
    const changes = [...boxes, { op: 'state', state: 'accepted' } as const];
    await review.append({ image: image.name, sha256: image.sha256, changes, author: 'ada' });
  }
}
