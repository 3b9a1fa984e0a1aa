import { createHash, type Hash } from 'node:crypto';
import { statSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Ontology } from '../../core/ontology.js';
import type { Selection } from '../../core/select.js';
import type { LinesDigest } from '../../disk/checked-line.js';
import { below } from '../../disk/calls/below.js';
import { lookAtAll } from '../../disk/stats/stat-slices.js';
import type { ImageIds } from '../numbers/image-ids.js';
import { divideNames, type Sources } from '../plan/sources.js';
import type { JournalEntries } from '../entries/entry-table.js';
import type { CurrentReview } from '../review/current-review.js';

const STAT = {
  now: (path: string) => toText(() => statSync(path)),
  later: async (path: string) => {
    const stats = await stat(path).catch(() => undefined);
    return toText(() => stats);
  },
};

/** What the views of a run are made from. */
interface ViewedRun {
  readonly version: string; // of preannotate, which may write other files than the one that began the run
  readonly journal: { readonly digest: LinesDigest; readonly entries: JournalEntries };
  readonly imageIds: ImageIds;
  readonly sources: Sources;
  readonly ontology: Ontology;
  readonly selection: Selection;
  readonly review?: Pick<CurrentReview, 'digest'> | undefined;
  readonly root: string | undefined; // absolute folder of the images
}

/** Digests of what the views of a run are made from. Each is read once: whole journals are large. */
export class ViewDigests {
  readonly #run: ViewedRun;
  readonly #journal: string;
  #images: Promise<string> | undefined;

  constructor(run: ViewedRun) {
    this.#run = run;
    this.#journal = digestRun(run);
  }

  /**
   * Of a view that has what the journal says of the images, or also the images themselves.
   *
   * @param others - Everything else that decides what is in the view.
   */
  async of(others: object, hasImages: boolean): Promise<string> {
    const images = hasImages ? await (this.#images ??= digestImages(this.#run)) : '';
    return hashOf([this.#journal, images, others]).digest('hex');
  }
}

/** What the model was asked is in the header of the journal. */
function digestRun({ version, journal, imageIds, sources, ontology, selection, review }: ViewedRun): string {
  const { classes, queries, canonical } = ontology;
  const { thresholds, nmsIou, classAgnosticNms, maxDetections } = selection;
  const hash = hashOf([
    version,
    journal.digest.value,
    classes.map(({ id, name }) => [id, name]),
    queries.map(({ prompt, classId, example }) => [prompt, classId, example !== undefined]),
    canonical === true,
    [thresholds, nmsIou, classAgnosticNms, String(maxDetections)],
    [...sources].sort(([a], [b]) => (a < b ? -1 : 1)),
    ...(review === undefined ? [] : [review.digest]),
  ]);
  const ids = new Float64Array(journal.entries.size);
  let count = 0;
  for (const name of journal.entries.keys()) ids[count++] = imageIds.of(name); // in the order of the journal
  return hash.update(ids).digest('hex');
}

/** What the file system says of the images. A view has links to them, or copies, which depend on their content. */
async function digestImages({ journal, sources, root = '' }: ViewedRun): Promise<string> {
  const [shown] = divideNames(journal.entries, sources);
  const hash = createHash('sha256');
  const items = shown.map((name) => ({ path: below(root, name) }));
  await lookAtAll(items, STAT, (_, text) => hash.update(text));
  return hash.digest('hex');
}

/** A file that cannot be looked at is like no other. */
function toText(look: () => Stats | undefined): string {
  try {
    const stats = look();
    if (stats === undefined) return 'none\n';
    return `${stats.ino} ${stats.size} ${stats.mtimeMs} ${stats.ctimeMs}\n`;
  } catch {
    return 'none\n';
  }
}

function hashOf(value: unknown): Hash {
  return createHash('sha256').update(JSON.stringify(value));
}
