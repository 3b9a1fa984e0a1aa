import { createHash } from 'node:crypto';
import type { Decision } from '../../core/review/decision.js';
import { NameList } from '../../core/name-list.js';
import type { Ontology } from '../../core/ontology.js';
import { isDecided } from '../../core/review/stored/stored-decision.js';
import { compareUtf8, counted, printable } from '../../core/text.js';
import type { JournalEntries, JournalEntry } from '../entries/entry-table.js';
import type { Sources } from '../plan/sources.js';
import { RecordFile } from '../read-journal.js';
import { readReviewContents } from './read-review.js';
import { findReplaced } from './replaced-images.js';

/** The results of a run. */
interface Results {
  readonly path: string; // of the journal
  readonly entries: JournalEntries;
  readonly root?: string | undefined; // of the image files, which are compared then with what was annotated
  readonly sources?: Sources; // as the last run found them
}

/** What people decided about the images of a run, as far as it is about the bytes that were annotated last. */
export interface CurrentReview {
  readonly decisions: ReadonlyMap<string, Decision>; // by image name; without images of which nothing is decided
  readonly changed: readonly string[]; // images that were other ones when they were decided on, sorted
  readonly replaced: readonly string[]; // images whose files are other ones since the run, sorted
  readonly absent: readonly string[]; // images that were decided on and that the run does not have, sorted
  readonly digest: string; // changes with every decision, and with the images of which they count
}

/**
 * Reads what people decided, and leaves out what is about other images than those of the run.
 *
 * @returns undefined where nothing is decided.
 * @throws PreannotateError JOURNAL_DAMAGED naming the file and the damaged line.
 */
export async function readCurrentReview(outDir: string, results: Results): Promise<CurrentReview | undefined> {
  const { decisions: all, digest } = await readReviewContents(outDir);
  const decided = [...all.values()].filter(isDecided);
  if (decided.length === 0) return undefined;
  const decisions = new Map<string, Decision>();
  const [changed, absent, replaced]: [string[], string[], string[]] = [[], [], []];
  const known: [Decision, JournalEntry][] = [];
  for (const decision of decided) {
    const entry = results.entries.get(decision.image);
    if (entry === undefined) absent.push(decision.image);
    else known.push([decision, entry]);
  }
  known.sort(([, a], [, b]) => a.offset - b.offset); // a read of the file gives many lines then
  if (known.length > 0) {
    const names = known.map(([{ image }]) => image);
    const isReplaced = await findReplaced(names, { root: results.root, sources: results.sources, journal: results });
    await using records = await RecordFile.open(results.path);
    for (const [decision, entry] of known) {
      const { sha256 } = await records.read(entry);
      if (sha256 !== decision.sha256) changed.push(decision.image);
      else if (isReplaced.has(decision.image)) replaced.push(decision.image);
      else decisions.set(decision.image, decision);
    }
  }
  for (const names of [changed, absent, replaced]) names.sort(compareUtf8);
  const counting = replaced.length === 0 ? digest.value : digestOf([digest.value, ...replaced]);
  return { decisions, changed, replaced, absent, digest: counting };
}

function digestOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

/** Whether something is decided about the images as they are. */
export function hasDecisions(review: CurrentReview | undefined): boolean {
  return review !== undefined && review.decisions.size > 0;
}

/** What of a review the views do not have, and why. */
export function noteLeftOut(review: CurrentReview | undefined, { classes }: Pick<Ontology, 'classes'>): string[] {
  if (review === undefined) return [];
  const { decisions, changed, replaced, absent } = review;
  const names = new Set(classes.map(({ name }) => name));
  const lost = new Map<string, number>();
  const emptied: string[] = [];
  for (const { image, state, boxes } of decisions.values()) {
    const present = boxes.filter(({ status }) => status !== 'rejected');
    const gone = present.filter(({ class: name }) => !names.has(name));
    for (const { class: name } of gone) lost.set(name, (lost.get(name) ?? 0) + 1);
    if (state === 'accepted' && gone.length > 0 && gone.length === present.length) emptied.push(image);
  }
  const lostBoxes = [...lost.values()].reduce((sum, count) => sum + count, 0);
  const listed = [...lost.keys()].sort(compareUtf8).map((name) => `"${printable(name)}"`);
  const kept = 'What was decided stays in review.jsonl.';
  return [
    ...describe(changed, (images) => `Changed since the review, so not reviewed any more: ${images}. ${kept}`),
    ...noteReplaced(replaced),
    ...describe(absent, (images) => `Reviewed, and not among the images of this run: ${images}. ${kept}`),
    ...(lostBoxes === 0
      ? []
      : [
          `${counted(lostBoxes, 'reviewed box', 'reviewed boxes')} left out, because the ontology has no class ` +
            `${listed.join(', ')}: review.jsonl keeps them.`,
        ]),
    ...describe(emptied.sort(compareUtf8), (images) => `Accepted, and without any box for that reason: ${images}.`),
  ];
}

/** @param replaced - Images that were decided on, whose files are other ones now. */
export function noteReplaced(replaced: readonly string[]): string[] {
  return describe(
    replaced,
    (images) =>
      `Replaced since the run, so not reviewed any more, and with boxes of the earlier file: ${images}. ` +
      'Run again to annotate what is there now.',
  );
}

function describe(names: readonly string[], text: (images: string) => string): string[] {
  if (names.length === 0) return [];
  const list = new NameList();
  for (const name of names) list.add(name);
  return [text(`${counted(names.length, 'image')} (${list.summary})`)];
}
