import { PreannotateError } from '../../core/errors.js';
import { counted, printable, quoteForShell } from '../../core/text.js';
import { displayPath } from '../../disk/display-path.js';
import type { StoredImages } from './stored-images.js';

/**
 * Empty files would say that people had reviewed them.
 *
 * @throws PreannotateError USAGE when only accepted images are to be written, and there is none.
 */
export function assertAccepted(outDir: string, images: Pick<StoredImages, 'size' | 'leftOut'>): void {
  const { unreviewed } = images.leftOut;
  if (images.size > 0 || unreviewed === 0) return;
  const folder = displayPath(outDir);
  const none = `none of ${counted(unreviewed, 'image')} is accepted in a review`;
  const review = `preannotate review ${quoteForShell(folder)}`;
  throw new PreannotateError({
    code: 'USAGE',
    message: `${printable(folder)}: ${none}; --only-reviewed would leave none.`,
    hint: `Accept images with \`${review}\`, or write all of them with --no-only-reviewed.`,
  });
}
