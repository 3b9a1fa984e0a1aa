import { createHash } from 'node:crypto';
import { formatShares, listParts, PART_NAMES, type PartName, type SplitRule } from '../../core/data-set/split.js';
import { compareUtf8, counted, printable } from '../../core/text.js';
import { divideNames } from '../plan/sources.js';
import { listDuplicates, type ComparedRun } from '../duplicates/list-duplicates.js';
import { ComparedImages } from '../duplicates/read-contents.js';
import { groupImages } from './groups.js';
import { noteShares } from './note-shares.js';
import { assignParts, type Assignment } from './keep-parts.js';
import { readSplits, writeSplits, type DividedImage, type Splits } from './splits-file.js';

const FORM = 1; // raised when the same images are divided in another way
const NAMED = 3; // groups

/**
 * Divides the images of a run where there is a rule, and lists those that look alike: they are compared once.
 *
 * @throws PreannotateError JOURNAL_DAMAGED when `splits.json` is damaged; WRITE_FAILED
 */
export async function divideAndList(
  run: ComparedRun,
  { rule, reassign = false, lists }: { rule: SplitRule | undefined; reassign?: boolean | undefined; lists: boolean },
): Promise<Division | undefined> {
  const compared = new ComparedImages(run);
  const division = rule === undefined ? undefined : await divideImages({ ...run, rule, reassign, compared });
  if (lists) await listDuplicates(run, compared);
  return division;
}

/** What is divided, and how. */
interface DivisionRequest extends ComparedRun {
  readonly compared: ComparedImages;
  readonly rule: SplitRule;
  readonly reassign: boolean; // what was written earlier counts no more
}

/** The parts of the images of a run. */
export interface Division {
  readonly rule: SplitRule;
  readonly parts: readonly PartName[]; // those that have a share, and those with images
  readonly partOf: (name: string) => PartName;
  readonly digest: string; // changes with the part of every image
  readonly notes: readonly string[];
}

/**
 * Divides the images of a run and writes `splits.json`, in a folder of which the caller has the lock. Where nothing has
 * changed, the file alone is read.
 *
 * @throws PreannotateError JOURNAL_DAMAGED when `splits.json` is damaged; WRITE_FAILED
 */
async function divideImages(request: DivisionRequest): Promise<Division> {
  const { outDir, rule, reassign } = request;
  const madeFrom = digestInputs(request); // before anything is awaited: a watch adds to the journal meanwhile
  const earlier = reassign ? undefined : await readSplits(outDir);
  if (earlier?.made_from === madeFrom && hasSameNames(earlier.images, request))
    return toDivision(rule, earlier.images, []);
  const contents = await request.compared.contents();
  const near = rule.by === 'near' ? (await request.compared.nearGroups()).of : undefined;
  const groups = groupImages(contents, rule, near);
  const assignment = assignParts(contents, groups, { rule, earlier });
  const { images } = assignment;
  const removed = earlier === undefined ? [] : findRemoved(earlier, images);
  await writeSplits(outDir, { split: rule, made_from: madeFrom, images, removed });
  return toDivision(rule, images, [
    ...noteUnmatched(groups.unmatched, rule),
    ...noteUnseen(groups.unseen ?? 0),
    ...noteMoved(assignment, rule, earlier),
    ...noteTorn(assignment, rule),
  ]);
}

/** People may change names in the file. */
function hasSameNames(images: readonly DividedImage[], { entries, sources }: DivisionRequest): boolean {
  const names = divideNames(entries, sources)[0].sort(compareUtf8);
  return names.length === images.length && names.every((name, i) => images[i]!.image === name);
}

function digestInputs({ digest, sources, rule }: DivisionRequest): string {
  const sorted = [...sources].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([FORM, digest.value, sorted, rule]))
    .digest('hex');
}

/** Images that were in the views, and whose parts would otherwise be forgotten. */
function findRemoved({ images, removed }: Splits, now: readonly DividedImage[]): DividedImage[] {
  const present = new Set(now.map(({ sha256 }) => sha256));
  const bySha256 = new Map([...removed, ...images].map((image) => [image.sha256, image]));
  return [...bySha256.values()].filter(({ sha256 }) => !present.has(sha256));
}

function toDivision(rule: SplitRule, images: readonly DividedImage[], notes: readonly string[]): Division {
  const byName = new Map(images.map(({ image, part }) => [image, part]));
  const hash = createHash('sha256');
  const used = new Set<PartName>(listParts(rule.shares));
  for (const { image, part } of images) {
    used.add(part);
    hash.update(`${part} ${image}\n`);
  }
  return {
    rule,
    parts: PART_NAMES.filter((part) => used.has(part)),
    partOf: (name) => {
      const part = byName.get(name);
      if (part === undefined) throw new Error(`${printable(name)} is in no part. This is a bug.`);
      return part;
    },
    digest: hash.digest('hex'),
    notes: [...notes, ...noteShares(rule, images)],
  };
}

function noteUnmatched(unmatched: number, { by }: SplitRule): string[] {
  if (unmatched === 0) return [];
  return [`--split-by ${by}: the pattern does not fit the names of ${counted(unmatched, 'image')}; each is by itself.`];
}

function noteUnseen(unseen: number): string[] {
  if (unseen === 0) return [];
  return [
    `${counted(unseen, 'image')} annotated by an earlier version, which did not record what images look like: only ` +
      'equal ones stay together with them. The same `run` with --restart annotates again.',
  ];
}

function noteMoved({ moved }: Assignment, rule: SplitRule, earlier: Splits | undefined): string[] {
  if (moved === 0 || earlier === undefined || isSameRule(earlier.split, rule)) return [];
  return [
    `${counted(moved, 'image')} ${moved === 1 ? 'is' : 'are'} in the part that splits.json has for ` +
      `${moved === 1 ? 'it, or for its group' : 'them, or for their groups'}; ${formatShares(rule.shares)} by ` +
      `${rule.by} would put ${moved === 1 ? 'it' : 'them'} elsewhere: --reassign does.`,
  ];
}

function isSameRule(a: SplitRule, b: SplitRule): boolean {
  return formatShares(a.shares) === formatShares(b.shares) && a.by === b.by && a.seed === b.seed;
}

function noteTorn({ torn }: Assignment, { by }: SplitRule): string[] {
  if (torn.length === 0) return [];
  const named = torn.slice(0, NAMED).map((images) => {
    const other = images.find(({ part }) => part !== images[0]!.part)!;
    return [images[0]!, other].map(({ image, part }) => `${printable(image)} (${part})`).join(' and ');
  });
  const more = torn.length > NAMED ? ', …' : '';
  return [
    `Images that belong together are in several parts, because they had them already: ${named.join(', ')}${more} ` +
      `(${counted(torn.length, 'group')}). --split-by ${by} --reassign moves them together.`,
  ];
}
