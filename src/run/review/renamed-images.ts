import { NameList } from '../../core/name-list.js';
import { toChanges, type Decision } from '../../core/review/decision.js';
import { isDecided } from '../../core/review/stored/stored-decision.js';
import { compareUtf8, counted } from '../../core/text.js';
import { keyOf, readHashKeys } from '../duplicates/hash-keys.js';
import type { JournalEntries, JournalEntry } from '../entries/entry-table.js';
import { divideNames, type Sources } from '../plan/sources.js';
import { RecordFile } from '../read-journal.js';
import { readReview } from './read-review.js';
import { ReviewJournal } from './review-journal.js';

/** The images that a run has now. */
interface PresentImages {
  readonly path: string; // of the journal
  readonly entries: JournalEntries;
  readonly sources: Sources;
  /** Whether the file of an image that the journal does not have is gone, too. */
  readonly isGone: (name: string) => Promise<boolean>;
}

/** Decisions about one picture, under names whose files are gone, and the images that have its bytes now. */
interface Match {
  readonly decisions: readonly Decision[]; // by name
  readonly images: readonly string[]; // by name; nothing is decided about them
}

/**
 * Gives images that were renamed the decisions about them: images with the same bytes as one that was decided on, and
 * whose file is gone. Each decision goes to one image; where it could be for several, nothing is done. The caller holds
 * the lock of the folder.
 *
 * @returns Notes on what was done, and why something was not.
 * @throws PreannotateError JOURNAL_DAMAGED, WRITE_FAILED
 */
export async function followRenamed(outDir: string, present: PresentImages): Promise<string[]> {
  const decisions = await readReview(outDir);
  const orphans = await findOrphans(decisions, present);
  if (orphans.length === 0) return [];
  const { moved, unclear } = divideMatches(await findMatches(orphans, decisions, present));
  if (moved.length > 0) {
    await using review = await ReviewJournal.open(outDir);
    await Promise.all(moved.map(({ decision, image }) => move(review, decision, image))); // which share an fsync
  }
  return [...noteMoved(moved), ...noteUnclear(unclear)];
}

/** Decisions about images that are not there under their names any more. */
async function findOrphans(
  decisions: ReadonlyMap<string, Decision>,
  { entries, sources, isGone }: PresentImages,
): Promise<Decision[]> {
  const orphans: Decision[] = [];
  for (const decision of decisions.values()) {
    const { image } = decision;
    if (!isDecided(decision)) continue;
    if (entries.has(image) ? sources.get(image)?.state === 'gone' : await isGone(image)) orphans.push(decision);
  }
  return orphans;
}

async function findMatches(
  orphans: readonly Decision[],
  decisions: ReadonlyMap<string, Decision>,
  { path, entries, sources }: PresentImages,
): Promise<Match[]> {
  const bySha256 = new Map<string, Decision[]>();
  for (const orphan of orphans) bySha256.set(orphan.sha256, [...(bySha256.get(orphan.sha256) ?? []), orphan]);
  const wanted = new Set([...bySha256.keys()].map(keyOf));
  const keys = await readHashKeys(path);
  const images = new Map<string, string[]>();
  await using records = await RecordFile.open(path);
  for (const name of divideNames(entries, sources)[0]) {
    const entry: JournalEntry = entries.get(name)!;
    if (!wanted.has(keys[entry.line]!)) continue;
    const { sha256 } = await records.read(entry);
    const own = decisions.get(name);
    if (!bySha256.has(sha256) || (own?.sha256 === sha256 && isDecided(own))) continue;
    images.set(sha256, [...(images.get(sha256) ?? []), name]);
  }
  return [...images].map(([sha256, names]) => ({
    decisions: bySha256.get(sha256)!.sort((a, b) => compareUtf8(a.image, b.image)),
    images: names.sort(compareUtf8),
  }));
}

interface Move {
  readonly decision: Decision;
  readonly image: string; // that it is for now
}

function divideMatches(matches: readonly Match[]): { moved: Move[]; unclear: Match[] } {
  const isClear = ({ decisions, images }: Match) => decisions.length === 1 && images.length === 1;
  const moved = matches
    .filter(isClear)
    .map(({ decisions, images }) => ({ decision: decisions[0]!, image: images[0]! }));
  moved.sort((a, b) => compareUtf8(a.image, b.image));
  return { moved, unclear: matches.filter((match) => !isClear(match)) };
}

/** The old name has no decision then, and would get it back if the image is renamed back. */
async function move(review: ReviewJournal, decision: Decision, image: string): Promise<void> {
  const { image: oldName, sha256, author, at } = decision;
  const before = review.decisions.get(image);
  const own = before?.sha256 === sha256 ? before : undefined;
  await Promise.all([
    review.append({ image, sha256, author, at, changes: toChanges(own, decision) }),
    review.append({ image: oldName, sha256, author, changes: toChanges(decision, { state: 'open', boxes: [] }) }),
  ]);
}

function noteMoved(moved: readonly Move[]): string[] {
  if (moved.length === 0) return [];
  const list = new NameList();
  for (const { decision, image } of moved) list.add(`${decision.image}, now ${image}`);
  const images = counted(moved.length, 'image was', 'images were');
  return [`${images} renamed since the review, and what was decided counts under the new name: ${list.summary}.`];
}

function noteUnclear(matches: readonly Match[]): string[] {
  return matches.map(({ decisions, images }) => {
    const [before, now] = [new NameList(), new NameList()];
    for (const { image } of decisions) before.add(image);
    for (const image of images) now.add(image);
    const [were, are] = decisions.length === 1 ? ['was', 'is'] : ['were', 'are'];
    const them = images.length === 1 ? 'it' : 'them';
    return (
      `${before.summary} ${were} reviewed, and ${are} gone. The same bytes are in ${now.summary} now: ` +
      `which of them was renamed is not clear, so nothing was decided about ${them}.`
    );
  });
}
