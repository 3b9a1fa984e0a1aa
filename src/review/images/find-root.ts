import { expectedRoot, findImageRoot } from '../../run/image-root.js';
import type { OpenedRun } from '../../run/open-run.js';

/**
 * The folder of the images that are reviewed.
 *
 * @param note - Gets that they are not there.
 * @returns undefined for images on the web and in S3; where they should be, when they are not there.
 */
export async function findReviewedRoot(
  { outDir, imagesRoot: given }: { readonly outDir: string; readonly imagesRoot: string | undefined },
  { scope, journal, sources }: OpenedRun,
  note: (message: string) => void,
): Promise<string | undefined> {
  const { root } = scope;
  if (root === undefined) return undefined;
  const search = { outDir, scope: { ...scope, root }, journal, sources, given };
  const found = await findImageRoot(search);
  const expected = expectedRoot(outDir, search.scope);
  if (found === undefined) note(`The images are not in ${expected}; --images-root names their folder.`);
  return found ?? expected;
}
