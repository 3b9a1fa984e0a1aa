import { dirname } from 'node:path';
import { printable, quoteForShell } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import { describeSides, findDifferences, type Difference } from '../compare/difference.js';
import { findJobDifferences } from '../compare/same-job.js';
import { partFolder, wholeFolder } from './find-parts.js';
import { findNamesOf } from './join-parts.js';
import { describePart, nameOf, type Part, type PartProblem } from './read-part.js';

/** How parts are merged. */
export interface MergeUse {
  readonly outDir: string; // absolute
  readonly hasRoot: boolean; // the folder of the images is given: it may have been another one on each machine
}

/** Parts that belong together, and why others do not. */
export interface SortedParts {
  readonly parts: readonly Part[]; // of one run
  readonly problems: readonly PartProblem[]; // one for each other part
}

/** How a part differs from the others. */
interface ForeignReason {
  readonly difference: Difference;
  readonly advice: string;
}

const ADVICE = {
  job: 'Give the folders of one run only, or annotate that part again: the command of the others, with --restart.',
  views: 'Run that part again with the options of the others: nothing is annotated again.',
  root:
    'If these are the same images on several machines, name the folder in which they are here with --images-root; ' +
    'otherwise give the folders of one run only.',
  found: 'Run the command of each part again: it looks for images that are new.',
};

/** Finds the parts of one number, and of them those of one run: the larger group counts as right. */
export async function sortParts(parts: readonly Part[], { outDir, hasRoot }: MergeUse): Promise<SortedParts> {
  const ofOneCount = largest(groupBy(parts, (a, b) => a.shard.count === b.shard.count));
  const others = parts.filter((part) => !ofOneCount.includes(part));
  const numbers = ofOneCount.map(({ shard }) => shard.index).join(', ');
  const ofOneRun = largest(groupBy(ofOneCount, (a, b) => findReason(a, b, hasRoot) === undefined));
  const problems = others.map(({ folder, shard }) => ({
    message: `${nameOf(folder)} is ${describePart(shard)}; of ${ofOneCount[0]!.shard.count} there are ${numbers}.`,
    advice: `Give the parts of one number only: ${mergeCommandOf(ofOneCount, outDir)}`,
  }));
  const foreign = ofOneCount.filter((part) => !ofOneRun.includes(part));
  return {
    parts: ofOneRun,
    problems: [
      ...problems,
      ...(await Promise.all(foreign.map((part) => describeForeign(ofOneRun[0]!, part, { all: parts, hasRoot })))),
    ],
  };
}

/** The command that merges these parts alone. */
function mergeCommandOf(parts: readonly Part[], outDir: string): string {
  const words = parts.map(({ folder, shard }) => {
    const isNamedByNumber = folder === partFolder(wholeFolder(folder), shard);
    const parent = quoteForShell(displayPath(dirname(folder)));
    return isNamedByNumber ? `${parent}/*-of-${shard.count}` : quoteForShell(displayPath(folder));
  });
  const command = ['preannotate merge', ...new Set(words), '-o', quoteForShell(displayPath(outDir))].join(' ');
  return printable(command);
}

/** Parts that are the same in some way, the first of each group standing for it. */
function groupBy(parts: readonly Part[], isSame: (a: Part, b: Part) => boolean): Part[][] {
  const groups: Part[][] = [];
  for (const part of parts) {
    const group = groups.find(([first]) => isSame(first!, part));
    if (group === undefined) groups.push([part]);
    else group.push(part);
  }
  return groups;
}

function largest(groups: readonly Part[][]): Part[] {
  return [...groups].sort((a, b) => b.length - a.length)[0] ?? []; // stable: of equal ones the first
}

function findReason(before: Part, now: Part, hasRoot: boolean): ForeignReason | undefined {
  const compared: [Difference[], string][] = [
    [
      [...findDifferences(versionOf(before), versionOf(now)), ...findJobDifferences(before.header, now.header)],
      ADVICE.job,
    ],
    [findDifferences(viewsOf(before), viewsOf(now)), ADVICE.views],
    [hasRoot ? [] : findDifferences(rootOf(before), rootOf(now)), ADVICE.root],
    [findFoundDifferences(before, now), ADVICE.found],
  ];
  for (const [[difference], advice] of compared) if (difference !== undefined) return { difference, advice };
  return undefined;
}

function versionOf({ header }: Part) {
  return { 'version of preannotate': header.preannotate };
}

/** What the views show, and of which images. */
function viewsOf({ manifest }: Part): Record<string, unknown> {
  const { selection, formats, images, split, negatives, upright, only_reviewed, choice = {} } = manifest;
  const { thresholds = {}, nms_ious: limits = {}, ...others }: Record<string, unknown> = selection;
  const byClass = (what: string, values: unknown) =>
    Object.fromEntries(
      Object.entries(values as Record<string, unknown>).map(([name, value]) => [`${what} of class "${name}"`, value]),
    ) as Record<string, unknown>;
  return {
    nms_iou: 'auto', // stored where it is set
    ...others,
    ...byClass('threshold', thresholds),
    ...byClass('IoU limit', limits),
    formats,
    images,
    split,
    negatives,
    upright,
    only_reviewed,
    ...choice,
    shard: undefined, // of which each part has its own
  };
}

function rootOf({ manifest }: Part) {
  return { 'folder of the images': manifest.root_absolute };
}

/** The names decide: the number of a part counts images that it annotated before they were deleted or renamed, too. */
function findFoundDifferences(before: Part, now: Part): Difference[] {
  if (before.scope.found_sha256 === now.scope.found_sha256) return [];
  return findDifferences(foundBy(before), foundBy(now));
}

function foundBy({ manifest, scope }: Part) {
  return { 'number of images found': manifest.counts.found, 'names of images found (SHA-256)': scope.found_sha256 };
}

async function describeForeign(
  reference: Part,
  part: Part,
  { all, hasRoot }: { all: readonly Part[]; hasRoot: boolean },
): Promise<PartProblem> {
  const { difference, advice } = findReason(reference, part, hasRoot)!;
  const isTwice = reference.shard.index === part.shard.index;
  const sideOf = ({ folder, shard }: Part) => (isTwice ? nameOf(folder) : `part ${shard.index}`);
  const sides = { before: sideOf(reference), later: sideOf(part) };
  const other = isTwice ? nameOf(reference.folder) : describePart(reference.shard);
  const what = printable(describeSides(difference, sides));
  const image = advice === ADVICE.found ? await findOtherImage(reference, part, all) : undefined;
  const example = image === undefined ? '' : ` (${printable(image.name)} is in ${sideOf(image.part)} only)`;
  return {
    message: `${nameOf(part.folder)}: ${describePart(part.shard)} is of another run than ${other}: ${what}${example}.`,
    advice,
  };
}

/** An image that only one of two parts has found, where it is known what both have found. */
async function findOtherImage(
  reference: Part,
  part: Part,
  all: readonly Part[],
): Promise<{ name: string; part: Part } | undefined> {
  const [before, later] = [await findNamesOf(reference, all), await findNamesOf(part, all)];
  if (before === undefined || later === undefined) return undefined;
  const added = [...later].find((name) => !before.has(name));
  if (added !== undefined) return { name: added, part };
  const missing = [...before].find((name) => !later.has(name));
  return missing === undefined ? undefined : { name: missing, part: reference };
}
