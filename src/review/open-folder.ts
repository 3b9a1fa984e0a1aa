import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { lockPath, OutputLock, type TakeOverRule } from '../run/lock/output-lock.js';
import { findReview } from '../run/lock/review-holder.js';

/** An output folder, to save decisions in it or only to read. */
export type OpenedFolder =
  { readonly lock: OutputLock; readonly readOnly: undefined } | { readonly lock: undefined; readonly readOnly: string };

/**
 * Takes the lock of an output folder. One that a run is writing into, or that cannot be written, is opened for reading.
 *
 * @throws PreannotateError OUTPUT_LOCKED naming the other review server that has it
 */
export async function openFolder(
  outDir: string,
  { takeOver, note }: { readonly takeOver: TakeOverRule; readonly note: (message: string) => void },
): Promise<OpenedFolder> {
  try {
    return { lock: await OutputLock.takeForReview(outDir, { takeOver, note }), readOnly: undefined };
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    if (error.code === 'OUTPUT_UNUSABLE') {
      return { lock: undefined, readOnly: `Nothing can be saved: ${error.message}` };
    }
    if (error.code !== 'OUTPUT_LOCKED') throw error;
    await assertNoOtherReview(outDir);
    const readOnly = `A run is writing into the folder, so nothing can be saved. ${error.message}`;
    return { lock: undefined, readOnly };
  }
}

async function assertNoOtherReview(outDir: string): Promise<void> {
  const other = await findReview(lockPath(outDir));
  if (other === undefined) return;
  throw new PreannotateError({
    code: 'OUTPUT_LOCKED',
    message:
      `Another \`preannotate review\` has this folder open: process ${other.pid} on ${printable(other.host)}, at ` +
      `${printable(other.address)}.`,
    hint: 'Open the link that it has printed: several people can use it at once. Or stop it first.',
  });
}
