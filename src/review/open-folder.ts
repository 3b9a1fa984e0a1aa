import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { replaceFile } from '../disk/atomic.js';
import { readJsonFile } from '../disk/json.js';
import { readLock } from '../disk/lock/lock-file.js';
import { lockPath, OutputLock, type TakeOverRule } from '../run/lock/output-lock.js';

/** Beside the lock: that its holder is a review server, and where it answers. */
const ReviewServer = z.object({ key: z.string(), address: z.string() }); // `key` is that of its lock

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
    return { lock: await OutputLock.take(outDir, { takeOver, note }), readOnly: undefined };
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

/** Says beside the lock that a review server has it. Where that cannot be written, another one is told less. */
export async function announceReview(outDir: string, address: string): Promise<void> {
  const { holder } = (await readLock(lockPath(outDir)).catch(() => undefined)) ?? {};
  if (holder?.key === undefined) return;
  await replaceFile(placeOf(outDir), `${JSON.stringify({ key: holder.key, address })}\n`).catch(() => {});
}

export async function withdrawReview(outDir: string): Promise<void> {
  await rm(placeOf(outDir), { force: true }).catch(() => {}); // without the lock it counts for nothing
}

async function assertNoOtherReview(outDir: string): Promise<void> {
  const read = () => readJsonFile(placeOf(outDir), ReviewServer, { code: 'JOURNAL_DAMAGED', hint: '' });
  const other = await read().catch(() => undefined);
  const { holder } = (await readLock(lockPath(outDir)).catch(() => undefined)) ?? {};
  if (holder === undefined || other === undefined || other.key !== holder.key) return;
  throw new PreannotateError({
    code: 'OUTPUT_LOCKED',
    message:
      `Another \`preannotate review\` has this folder open: process ${holder.pid} on ${printable(holder.host)}, at ` +
      `${printable(other.address)}.`,
    hint: 'Open the link that it has printed: several people can use it at once. Or stop it first.',
  });
}

function placeOf(outDir: string): string {
  return join(outDir, '.preannotate', 'review.json');
}
