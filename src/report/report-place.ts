import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { openRegularFile } from '../disk/regular-file.js';
import { GALLERY_FILE_MARK } from '../gallery/gallery-file.js';

const INSPECTED_BYTES = 1024;

/**
 * Makes sure that what is replaced is an earlier report.
 *
 * @throws PreannotateError OUTPUT_UNUSABLE
 */
export async function assertReportReplaceable(path: string): Promise<void> {
  let isOwn = false;
  try {
    await using file = await openRegularFile(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(INSPECTED_BYTES), 0, INSPECTED_BYTES, 0);
    isOwn = bytesRead === 0 || buffer.toString('utf8').includes(GALLERY_FILE_MARK);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return;
  }
  if (isOwn) return;
  throw new PreannotateError({
    code: 'OUTPUT_UNUSABLE',
    message: `${printable(path)} is not a preannotate report, so it is not replaced.`,
    hint: 'Name another file: preannotate report <out-dir> -o <file>.',
  });
}
