import { RecordFile } from '../read-journal.js';
import { capitalised, compareUtf8, printable } from '../../core/text.js';
import { chooseImages, partOf, type Shard } from '../choose-images.js';
import type { ImageRecord } from '../record.js';
import { sortParts, type MergeUse } from './foreign-parts.js';
import { commandOf, describePart, nameOf, type Part, type PartProblem, type UnusablePart } from './read-part.js';

/** The parts of a run, each once, in their order. */
export interface ChosenParts {
  readonly parts: readonly Part[];
  readonly problems: readonly PartProblem[]; // all of them: there is something to merge only where there is none
  readonly notes: readonly string[];
}

/** Takes the parts of one run, each once, and finds what is wrong with the others. */
export async function chooseParts(read: readonly (Part | UnusablePart)[], use: MergeUse): Promise<ChosenParts> {
  const unusable = read.filter((one) => 'problem' in one);
  const sorted = await sortParts(
    read.filter((one): one is Part => !('problem' in one)),
    use,
  );
  const { chosen, problems, notes } = await chooseOnce(sorted.parts);
  const unfinished = chosen.filter(({ left }) => left !== undefined);
  const present = read.map(({ shard }) => shard).filter((shard) => shard !== undefined);
  return {
    parts: chosen,
    problems: [
      ...unusable.map(({ problem }) => problem),
      ...sorted.problems,
      ...problems,
      ...unfinished.map(unfinishedProblem),
      ...listMissing(chosen[0]?.shard.count, present),
    ],
    notes,
  };
}

/**
 * Parts whose last run has ended without annotating all of their images: it had other options, as when it tried failed
 * images alone.
 *
 * @param found - Names of all images.
 */
export function findUnfinished(parts: readonly Part[], found: ReadonlySet<string>): PartProblem[] {
  const images = [...found].sort(compareUtf8).map((name) => ({ name }));
  const byIndex = new Map(parts.map((part) => [part.shard.index, { part, failed: new Set(part.errors.values()) }]));
  const left = new Map<Part, number>();
  const { shard: _, ...choice } = parts[0]!.manifest.choice ?? {};
  for (const { name } of chooseImages(images, choice)) {
    const { part, failed } = byIndex.get(partOf(name, parts.length))!;
    if (!part.journal.entries.has(name) && !failed.has(name)) left.set(part, (left.get(part) ?? 0) + 1);
  }
  return [...left].map(([part, count]) => unfinishedProblem({ ...part, left: count }));
}

function unfinishedProblem({ folder, shard, scope, left = 0 }: Part): PartProblem {
  const rest = left === 0 ? 'it was stopped before its end' : `${left} of ${scope.chosen} images are left`;
  return { message: `${nameOf(folder)}: ${describePart(shard)} is not finished: ${rest}.`, advice: commandOf(shard) };
}

function listMissing(count: number | undefined, present: readonly Shard[]): PartProblem[] {
  if (count === undefined) return [];
  const known = new Set(present.filter((shard) => shard.count === count).map(({ index }) => index));
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !known.has(index));
  return missing.map((index) => {
    const shard = { index, count };
    return { message: `${capitalised(describePart(shard))} is missing.`, advice: commandOf(shard) };
  });
}

/** Of a part that is there twice, the one with more images, where the results of both are the same. */
async function chooseOnce(parts: readonly Part[]) {
  const chosen = new Map<number, Part>();
  const problems: PartProblem[] = [];
  const notes: string[] = [];
  const isFinished = ({ left }: Part) => Number(left === undefined);
  const byExtent = [...parts].sort(
    (a, b) => isFinished(b) - isFinished(a) || b.journal.entries.size - a.journal.entries.size,
  );
  for (const part of byExtent) {
    const first = chosen.get(part.shard.index);
    if (first === undefined) {
      chosen.set(part.shard.index, part);
      continue;
    }
    const folders = `${nameOf(first.folder)} and ${nameOf(part.folder)}`;
    const other = await findOtherResult(first, part);
    if (other === undefined) {
      const both = `${capitalised(describePart(part.shard))} is there twice with the same results, in ${folders}`;
      notes.push(`${both}: the first is used.`);
    } else {
      problems.push({
        message: `${folders} are both ${describePart(part.shard)}, with other results for ${printable(other)}.`,
        advice: 'Give one of the two folders.',
      });
    }
  }
  return { chosen: [...chosen.values()].sort((a, b) => a.shard.index - b.shard.index), problems, notes };
}

/** The first image that both have and whose results differ. */
async function findOtherResult(one: Part, other: Part): Promise<string | undefined> {
  await using records = await RecordFile.open(one.journal.path);
  await using others = await RecordFile.open(other.journal.path);
  for (const [name, entry] of other.journal.entries) {
    const same = one.journal.entries.get(name);
    if (same === undefined) continue;
    const [before, now] = [await records.read(same), await others.read(entry)];
    if (resultOf(before) !== resultOf(now)) return name;
  }
  return undefined;
}

/** What a model found in an image: not when its file was written, and under which number. */
function resultOf({ image, width, height, detections, sha256, degraded }: ImageRecord): string {
  return JSON.stringify([image, width, height, detections, sha256, degraded]);
}
