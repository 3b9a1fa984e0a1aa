import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileLock } from '../disk/lock/file-lock.js';
import type { Holder } from '../disk/lock/holder.js';
import { LockHeldError } from '../disk/lock/take-over.js';
import { makeFolder } from '../disk/make-folder.js';
import { writeToCache } from './layout.js';

const POLL_MS = 200;
const SILENT_MS = 30_000; // a lock without a heartbeat for this long is stale, whichever machine holds it

/** How a wait for the lock is reported and cancelled. */
export interface LockWait {
  readonly signal?: AbortSignal;
  readonly note: (message: string) => void;
  readonly silentMs?: number;
}

/**
 * Runs `work` while holding the lock of a model, so that only one process downloads it at a time. A stale lock is
 * replaced: at once when its process ran on this machine and has ended; otherwise, on another machine or in another
 * container, after `silentMs` without a heartbeat.
 */
export async function withModelLock<Result>(
  path: string,
  waiting: LockWait,
  work: () => Promise<Result>,
): Promise<Result> {
  await writeToCache(path, () => makeFolder(dirname(path)));
  await using _lock = await waitForLock(path, waiting);
  return await work();
}

async function waitForLock(path: string, { signal, note, silentMs = SILENT_MS }: LockWait): Promise<FileLock> {
  let isReported = false;
  const report = (holder: Holder | undefined) => {
    if (!isReported) note(describeHolder(holder));
    isReported = true;
  };
  const takeOver = { afterMs: silentMs, onWatch: report, ...(signal === undefined ? {} : { signal }) };
  for (;;) {
    try {
      return await writeToCache(path, () => FileLock.take(path, { takeOver }));
    } catch (error) {
      if (!(error instanceof LockHeldError)) throw error;
      report(error.holder);
    }
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

function describeHolder(holder: Holder | undefined): string {
  const name = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
  return `Waiting for ${name}, which is fetching this model.`;
}
