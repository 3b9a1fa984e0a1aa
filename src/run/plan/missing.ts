import { PreannotateError } from '../../core/errors.js';
import { NameList } from '../../core/name-list.js';
import { counted, printable } from '../../core/text.js';
import type { EarlierWork, FoundImages } from './earlier-work.js';

/**
 * What to do about images that are gone: leave them out unless they are too many, when the run is refused (`ask`) or
 * all of them stay (`few`); leave them out in any case; or keep them.
 */
export type MissingRule = 'ask' | 'few' | 'accept' | 'keep';

const ASKED_SHARE = 0.1; // of the annotated images: above, a disk may not be mounted, or a path be wrong

/** Whether so many of the annotated images may go without being asked. */
export function mayGoUnasked(gone: number, annotated: number): boolean {
  return gone <= annotated * ASKED_SHARE;
}

/** @throws PreannotateError RESUME_MISMATCH when more images are gone than may go without being asked. */
export function assertMayGo(
  gone: readonly string[],
  { annotated, root, journal }: { annotated: number; root: string | undefined; journal: string },
): void {
  if (mayGoUnasked(gone.length, annotated)) return;
  const images = `${gone.length} of the ${annotated} images that are annotated in ${printable(journal)}`;
  const isRemote = root === undefined;
  const where = isRemote ? 'in the lists and buckets given' : `below ${printable(root)}`;
  const check = isRemote ? 'lists, prefixes and credentials' : 'paths and filters, and whether all disks are mounted';
  throw new PreannotateError({
    code: 'RESUME_MISMATCH',
    message: `${images} ${gone.length === 1 ? 'was' : 'were'} not found ${where}: ${summarize(gone)}.`,
    hint:
      'If they were deleted, renamed or excluded on purpose, give --accept-missing: they leave the annotation files, ' +
      'and keep their numbers and results. --keep-missing keeps them in the annotation files. Otherwise ' +
      `check the ${check}.`,
  });
}

/**
 * Refuses other images than those of the earlier attempts: none of the same name, or another folder whose files have
 * the same names and another content.
 */
export function assertSameImages(
  found: FoundImages,
  { journal, root, isKnown }: EarlierWork,
  counts: { annotated: number; changed: number },
): void {
  const { path, entries } = journal;
  const isSameFolder = root === found.root; // its images may go, and new ones come
  if (counts.annotated === 0 && !isSameFolder && !found.images.some(({ name }) => isKnown(name)))
    throw otherImagesError(`${printable(path)} holds ${entries.size} images, none of which is among those found now.`);
  if (root !== undefined && !isSameFolder && counts.changed > counts.annotated / 2)
    throw otherImagesError(
      `${printable(path)} holds images of ${printable(root)}; ${counts.changed} of the ${counts.annotated} with the ` +
        `same names below ${printable(found.root ?? '')} have another content.`,
    );
}

/** What becomes of images whose files are gone or have changed, a sentence each. */
export function describeSources({
  gone,
  kept,
  spared,
  changed,
}: Record<'gone' | 'kept' | 'spared' | 'changed', readonly string[]>): string[] {
  const describe = (names: readonly string[], one: string, many: string) =>
    names.length === 0 ? [] : [`${counted(names.length, one, many)}: ${summarize(names)}.`];
  return [
    ...describe(
      gone,
      'annotated image is no longer found (deleted, renamed or excluded) and leaves the annotation files; its number ' +
        'and result are kept',
      'annotated images are no longer found (deleted, renamed or excluded) and leave the annotation files; their ' +
        'numbers and results are kept',
    ),
    ...describe(
      kept,
      'annotated image is no longer found; --keep-missing keeps it in the annotation files',
      'annotated images are no longer found; --keep-missing keeps them in the annotation files',
    ),
    ...(spared.length === 0 ? [] : [describeSpared(spared.length)]),
    ...describe(changed, 'image has changed and is annotated again', 'images have changed and are annotated again'),
  ];
}

/** Images that are gone and stay in the views, because they are too many. */
export function describeSpared(count: number): string {
  const images = counted(count, 'annotated image is', 'annotated images are');
  return (
    `${images} no longer found, more than 10 % of all: nothing leaves the annotation files. If they were deleted, ` +
    'renamed or excluded on purpose, start again with --accept-missing; otherwise check whether all disks are mounted.'
  );
}

function summarize(names: readonly string[]): string {
  const list = new NameList();
  names.forEach((name) => list.add(name));
  return list.summary;
}

function otherImagesError(message: string): PreannotateError {
  return new PreannotateError({
    code: 'RESUME_MISMATCH',
    message,
    hint: 'Give another --out folder for other images, or use --restart to annotate everything again.',
  });
}
