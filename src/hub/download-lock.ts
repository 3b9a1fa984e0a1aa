import { mkdir, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileLock, LockHeld, type Holder } from '../disk/file-lock.js';
import { writeToCache } from './layout.js';

const POLL_MS = 200;
const BEAT_MS = 5_000;
const SILENT_MS = 30_000; // without a sign of life, the holder is gone, on whatever machine it was

/** How a wait is told and ended. */
export interface LockWait {
  readonly signal?: AbortSignal;
  readonly note: (message: string) => void;
  readonly silentMs?: number;
}

/**
 * Waits until no other process fetches this model, then works. A holder that died is taken over: at once on this machine;
 * on another, or where process numbers mislead (containers), after it has given no sign of life for a while.
 */
export async function withModelLock<Result>(
  path: string,
  waiting: LockWait,
  work: () => Promise<Result>,
): Promise<Result> {
  await writeToCache(path, () => mkdir(dirname(path), { recursive: true }));
  await using _lock = await waitForLock(path, waiting);
  const beat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}

async function waitForLock(path: string, { signal, note, silentMs = SILENT_MS }: LockWait): Promise<FileLock> {
  let told = false;
  let lastSign = { mtimeMs: -1, atMs: performance.now() };
  for (;;) {
    try {
      return await writeToCache(path, () => FileLock.take(path));
    } catch (error) {
      if (!(error instanceof LockHeld)) throw error;
      if (!told) note(describeHolder(error.holder));
      told = true;
    }
    const mtimeMs = await stat(path).then(
      (found) => found.mtimeMs,
      () => -1,
    );
    if (mtimeMs !== lastSign.mtimeMs) lastSign = { mtimeMs, atMs: performance.now() };
    else if (performance.now() - lastSign.atMs > silentMs) await rm(path, { force: true });
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

function describeHolder(holder: Holder | undefined): string {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return `Waiting for ${who}, which is fetching this model.`;
}
