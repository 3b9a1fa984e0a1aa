import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../disk/atomic.js';
import { readJsonFile } from '../../disk/json.js';
import { readLock } from '../../disk/lock/lock-file.js';

/** Beside the lock: that its holder is a review server, and where it answers. */
const Announced = z.object({ key: z.string(), address: z.string() }); // `key` is that of its lock

/** A review server that has an output folder open. */
export interface ReviewHolder {
  readonly pid: number;
  readonly host: string;
  readonly address: string;
}

/** Says beside a lock that a review server has it. Where that cannot be written, other commands are told less. */
export async function announceReview(lock: string, address: string): Promise<void> {
  const { holder } = (await readLock(lock).catch(() => undefined)) ?? {};
  if (holder?.key === undefined) return;
  await replaceFile(placeOf(lock), `${JSON.stringify({ key: holder.key, address })}\n`).catch(() => {});
}

export async function withdrawReview(lock: string): Promise<void> {
  await rm(placeOf(lock), { force: true }).catch(() => {}); // without the lock it counts for nothing
}

/** The review server that has a lock; undefined: it is free, or another process has it. */
export async function findReview(lock: string): Promise<ReviewHolder | undefined> {
  const read = () => readJsonFile(placeOf(lock), Announced, { code: 'JOURNAL_DAMAGED', hint: '' });
  const announced = await read().catch(() => undefined);
  const { holder } = (await readLock(lock).catch(() => undefined)) ?? {};
  if (holder === undefined || announced === undefined || announced.key !== holder.key) return undefined;
  return { pid: holder.pid, host: holder.host, address: announced.address };
}

function placeOf(lock: string): string {
  return join(dirname(lock), 'review.json');
}
