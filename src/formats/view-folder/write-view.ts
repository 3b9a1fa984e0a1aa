import type { View } from '../format.js';
import { assertReplaceable } from './replaceable.js';
import { updateView, type ViewContent } from './update-view.js';

/**
 * Writes a view, so that an error leaves it as it was: all new files are written beside it first. Files that the user
 * edited or deleted stay as they are; their new versions go to `<view>.new`. Other files in the folder are not touched.
 *
 * @param signature - Name of the file that identifies a view of this format.
 * @returns Which files had been edited and what became of them, a note each.
 * @throws PreannotateError OUTPUT_UNUSABLE when the folder is not a view, or holds the images themselves;
 *   JOURNAL_DAMAGED when the record of written files is damaged; WRITE_FAILED
 */
export async function writeView(
  view: Pick<View, 'outDir' | 'root' | 'overwriteEdited' | 'provenance' | 'throwIfStopped' | 'madeFrom'>,
  signature: string,
  content: ViewContent,
): Promise<string[]> {
  await assertReplaceable(view, signature);
  const { outDir, overwriteEdited, provenance, throwIfStopped, madeFrom } = view;
  const target = { outDir, signature, overwriteEdited, throwIfStopped, madeFrom, version: provenance.version };
  return await updateView(target, content);
}
