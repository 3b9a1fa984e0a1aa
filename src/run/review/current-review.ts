import type { Decision } from '../../core/review/decision.js';
import { NameList } from '../../core/name-list.js';
import type { Ontology } from '../../core/ontology.js';
import { compareUtf8, counted, printable } from '../../core/text.js';
import type { JournalEntries, JournalEntry } from '../entries/entry-table.js';
import { RecordFile } from '../read-journal.js';
import { readReviewContents } from './read-review.js';

/** The results of a run. */
interface Results {
  readonly path: string; // of the journal
  readonly entries: JournalEntries;
}

/** What people decided about the images of a run, as far as it is about the bytes that were annotated last. */
export interface CurrentReview {
  readonly decisions: ReadonlyMap<string, Decision>; // by image name; without images of which nothing is decided
  readonly changed: readonly string[]; // images that were other ones when they were decided on, sorted
  readonly absent: readonly string[]; // images that were decided on and that the run does not have, sorted
  readonly digest: string; // changes with every decision
}

/**
 * Reads what people decided, and leaves out what is about other images than those of the run.
 *
 * @returns undefined where nothing is decided.
 * @throws PreannotateError JOURNAL_DAMAGED naming the file and the damaged line.
 */
export async function readCurrentReview(outDir: string, results: Results): Promise<CurrentReview | undefined> {
  const { decisions: all, digest } = await readReviewContents(outDir);
  const decided = [...all.values()].filter(({ state, boxes }) => state === 'accepted' || boxes.length > 0);
  if (decided.length === 0) return undefined;
  const decisions = new Map<string, Decision>();
  const [changed, absent]: [string[], string[]] = [[], []];
  const known: [Decision, JournalEntry][] = [];
  for (const decision of decided) {
    const entry = results.entries.get(decision.image);
    if (entry === undefined) absent.push(decision.image);
    else known.push([decision, entry]);
  }
  known.sort(([, a], [, b]) => a.offset - b.offset); // a read of the file gives many lines then
  if (known.length > 0) {
    await using records = await RecordFile.open(results.path);
    for (const [decision, entry] of known) {
      const { sha256 } = await records.read(entry);
      if (sha256 === decision.sha256) decisions.set(decision.image, decision);
      else changed.push(decision.image);
    }
  }
  const sorted = { changed: changed.sort(compareUtf8), absent: absent.sort(compareUtf8) };
  return { decisions, ...sorted, digest: digest.value };
}

/** Whether something is decided about the images as they are. */
export function hasDecisions(review: CurrentReview | undefined): boolean {
  return review !== undefined && review.decisions.size > 0;
}

/** What of a review the views do not have, and why. */
export function noteLeftOut(review: CurrentReview | undefined, { classes }: Pick<Ontology, 'classes'>): string[] {
  if (review === undefined) return [];
  const { decisions, changed, absent } = review;
  const names = new Set(classes.map(({ name }) => name));
  const lost = new Map<string, number>();
  for (const { boxes } of decisions.values()) {
    for (const { status, class: name } of boxes)
      if (status !== 'rejected' && !names.has(name)) lost.set(name, (lost.get(name) ?? 0) + 1);
  }
  const lostBoxes = [...lost.values()].reduce((sum, count) => sum + count, 0);
  const listed = [...lost.keys()].sort(compareUtf8).map((name) => `"${printable(name)}"`);
  const kept = 'What was decided stays in review.jsonl.';
  return [
    ...describe(changed, (images) => `Changed since the review, so not reviewed any more: ${images}. ${kept}`),
    ...describe(absent, (images) => `Reviewed, and not among the images of this run: ${images}. ${kept}`),
    ...(lostBoxes === 0
      ? []
      : [
          `${counted(lostBoxes, 'reviewed box', 'reviewed boxes')} left out, because the ontology has no class ` +
            `${listed.join(', ')}: review.jsonl keeps them.`,
        ]),
  ];
}

function describe(names: readonly string[], text: (images: string) => string): string[] {
  if (names.length === 0) return [];
  const list = new NameList();
  for (const name of names) list.add(name);
  return [text(`${counted(names.length, 'image')} (${list.summary})`)];
}
