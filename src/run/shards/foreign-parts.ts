import { printable } from '../../core/text.js';
import { findDifferences, type Difference } from '../compare/difference.js';
import { findJobDifferences } from '../compare/same-job.js';
import { readImageList } from '../numbers/image-list.js';
import { describePart, nameOf, type Part, type PartProblem } from './read-part.js';

/** Parts that belong together, and why others do not. */
export interface SortedParts {
  readonly parts: readonly Part[]; // of one run
  readonly problems: readonly PartProblem[]; // one for each other part
}

/** How a part differs from the others. */
interface ForeignReason extends Difference {
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
export async function sortParts(parts: readonly Part[], hasRoot: boolean): Promise<SortedParts> {
  const ofOneCount = largest(groupBy(parts, (a, b) => a.shard.count === b.shard.count));
  const others = parts.filter((part) => !ofOneCount.includes(part));
  const numbers = ofOneCount.map(({ shard }) => shard.index).join(', ');
  const ofOneRun = largest(groupBy(ofOneCount, (a, b) => findReason(a, b, hasRoot) === undefined));
  const problems = others.map(({ folder, shard }) => ({
    message: `${nameOf(folder)} is ${describePart(shard)}; of ${ofOneCount[0]!.shard.count} there are ${numbers}.`,
    advice: `Give the parts of one number only, such as ${nameOf(ofOneCount[0]!.folder)}.`,
  }));
  const foreign = ofOneCount.filter((part) => !ofOneRun.includes(part));
  return {
    parts: ofOneRun,
    problems: [
      ...problems,
      ...(await Promise.all(foreign.map((part) => describeForeign(ofOneRun[0]!, part, hasRoot)))),
    ],
  };
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
  const version = findDifferences(versionOf(before), versionOf(now))[0];
  const job = version ?? findJobDifferences(before.header, now.header)[0];
  if (job !== undefined) return { ...job, advice: ADVICE.job };
  const views = findDifferences(viewsOf(before), viewsOf(now))[0];
  if (views !== undefined) return { ...views, advice: ADVICE.views };
  const root = hasRoot ? undefined : findDifferences(rootOf(before), rootOf(now))[0];
  if (root !== undefined) return { ...root, advice: ADVICE.root };
  const found = findDifferences(foundBy(before), foundBy(now))[0];
  return found && { ...found, advice: ADVICE.found };
}

function versionOf({ header }: Part) {
  return { 'version of preannotate': header.preannotate };
}

/** What the views show, and of which images. */
function viewsOf({ manifest }: Part): Record<string, unknown> {
  const { selection, formats, images, choice = {} } = manifest;
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
    ...choice,
    shard: undefined, // of which each part has its own
  };
}

function rootOf({ manifest }: Part) {
  return { 'folder of the images': manifest.root_absolute };
}

function foundBy({ manifest, scope }: Part) {
  return { 'number of images found': manifest.counts.found, 'names of images found (SHA-256)': scope.found_sha256 };
}

async function describeForeign(reference: Part, part: Part, hasRoot: boolean): Promise<PartProblem> {
  const { what, advice } = findReason(reference, part, hasRoot)!;
  const [one, other] = [describePart(reference.shard), describePart(part.shard)];
  const example = advice === ADVICE.found ? await describeNames(reference, part) : '';
  return {
    message: `${nameOf(part.folder)}: ${other} is of another run than ${one}: ${printable(what)}${example}.`,
    advice,
  };
}

/** An image that only one of two parts knows. */
async function describeNames(reference: Part, part: Part): Promise<string> {
  const [before, now] = [await readImageList(reference.folder), await readImageList(part.folder)];
  const added = [...now.images.keys()].find((name) => !before.images.has(name));
  if (added !== undefined) return ` (${printable(added)} is new)`;
  const missing = [...before.images.keys()].find((name) => !now.images.has(name));
  return missing === undefined ? '' : ` (${printable(missing)} is missing)`;
}
