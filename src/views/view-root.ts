import { PreannotateError } from '../core/errors.js';
import type { ImageFiles } from '../core/image-files.js';
import { printable } from '../core/text.js';
import { formats, type FormatName } from '../formats/index.js';
import type { RunScope } from '../run/header.js';
import { expectedRoot, findImageRoot, missingImagesError, toStoredRoot } from '../run/image-root.js';
import { replaceManifest } from '../run/manifest.js';
import type { OpenedRun } from '../run/open-run.js';
import { pickViewOptions, type StoredViewOptions } from '../run/view-options.js';

/** Which views need images. */
interface NeededImages {
  readonly outDir: string; // absolute
  readonly given: string | undefined; // absolute folder that the user names
  readonly formats: readonly FormatName[];
  readonly previews: number;
  readonly imageFiles?: ImageFiles;
}

/**
 * The folder of the images, which may have been moved since the run.
 *
 * @returns undefined where the images are remote.
 * @throws PreannotateError INPUT_NOT_FOUND when a view needs images, and there are none.
 */
export async function requireImageRoot(
  { scope: stored, journal, sources }: OpenedRun,
  { outDir, given, formats: names, previews, imageFiles }: NeededImages,
): Promise<string | undefined> {
  if (stored.root === undefined) {
    if (given !== undefined) throw remoteRootError();
    return undefined;
  }
  const scope = asLocal(stored);
  const search = { outDir, scope, journal, sources, given };
  const found = await findImageRoot(search);
  if (found !== undefined) return found;
  const placesImages = names.some((name) => 'images' in formats[name]);
  if (previews > 0 || (placesImages && imageFiles !== 'none')) throw await missingImagesError(search);
  return expectedRoot(outDir, scope);
}

/** The scope of a run of images in a folder. */
export function asLocal(scope: RunScope): RunScope & { readonly root: string } {
  if (scope.root === undefined) throw new Error('the images of this run are remote. This is a bug.');
  return { ...scope, root: scope.root };
}

export function noteMoved(root: string, earlier: string, note: (message: string) => void): void {
  if (root !== earlier) note(`The images of the run are in ${printable(root)}; they were in ${printable(earlier)}.`);
}

function remoteRootError(): PreannotateError {
  return new PreannotateError({
    code: 'USAGE',
    message: 'The images of this run are on the web or in S3: --images-root does not concern them.',
    hint: 'Leave it out; --images copy downloads them.',
  });
}

/**
 * Lets the next export find images that were moved, alone or with the output folder, and divide them in the same way.
 */
export async function rememberViews(
  outDir: string,
  { scope, manifest }: OpenedRun,
  {
    root,
    ...now
  }: { root: string | undefined } & Pick<StoredViewOptions, 'split' | 'negatives' | 'upright' | 'only_reviewed'>,
): Promise<void> {
  if (manifest === undefined) return;
  const moved = root === undefined ? {} : findMoved(outDir, asLocal(scope), root);
  const { split: _, negatives: __, upright: ___, only_reviewed: ____, ...rest } = manifest;
  const after = { ...rest, ...moved, ...now };
  const textOf = (state: StoredViewOptions) => JSON.stringify(pickViewOptions(state));
  if (textOf(after) === textOf(manifest) && Object.keys(moved).length === 0) return;
  await replaceManifest(outDir, after);
}

/** What run.json is to say of the folder of the images; nothing where it is as before. */
function findMoved(outDir: string, scope: RunScope & { readonly root: string }, root: string): Partial<RunScope> {
  const now = toStoredRoot(outDir, root);
  const isMoved = expectedRoot(outDir, scope) !== root;
  const isOutMoved = scope.root_absolute !== undefined && scope.root !== now.root;
  return isMoved || isOutMoved ? now : {};
}
