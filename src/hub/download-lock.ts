import { rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileLock, LockHeld, type Holder } from '../disk/file-lock.js';
import { makeFolder } from '../disk/make-folder.js';
import { writeToCache } from './layout.js';

const POLL_MS = 200;
const HEARTBEAT_MS = 5_000;
const SILENT_MS = 30_000; // a lock without a heartbeat for this long is stale, whichever machine holds it

/** How a wait for the lock is reported and cancelled. */
export interface LockWait {
  readonly signal?: AbortSignal;
  readonly note: (message: string) => void;
  readonly silentMs?: number;
}

/**
 * Runs `work` while holding the lock of a model, so that only one process downloads it at a time. A stale lock is
 * replaced: at once when its process ran on this machine and has exited; otherwise, on another machine or where process
 * ids are ambiguous (containers), after `silentMs` without a heartbeat.
 */
export async function withModelLock<Result>(
  path: string,
  waiting: LockWait,
  work: () => Promise<Result>,
): Promise<Result> {
  await writeToCache(path, () => makeFolder(dirname(path)));
  await using _lock = await waitForLock(path, waiting);
  const heartbeat = setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), HEARTBEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
  }
}

async function waitForLock(path: string, { signal, note, silentMs = SILENT_MS }: LockWait): Promise<FileLock> {
  let reported = false;
  let lastHeartbeat = { mtimeMs: -1, atMs: performance.now() };
  for (;;) {
    try {
      return await writeToCache(path, () => FileLock.take(path));
    } catch (error) {
      if (!(error instanceof LockHeld)) throw error;
      if (!reported) note(describeHolder(error.holder));
      reported = true;
    }
    const mtimeMs = await stat(path).then(
      (found) => found.mtimeMs,
      () => -1,
    );
    if (mtimeMs !== lastHeartbeat.mtimeMs) lastHeartbeat = { mtimeMs, atMs: performance.now() };
    else if (performance.now() - lastHeartbeat.atMs > silentMs) await rm(path, { force: true });
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

function describeHolder(holder: Holder | undefined): string {
  const name = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return `Waiting for ${name}, which is fetching this model.`;
}
