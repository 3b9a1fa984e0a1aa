import { realClock, type LockClock } from './clock.js';
import { findHolderState, type Holder } from './holder.js';
import { isUnchanged, readLock, type LockContent } from './lock-file.js';

const POLL_MS = 500;
const TORN_MS = 200; // a lock is written within much less

/** When a lock is taken from a holder of which it is uncertain whether it has ended. */
export interface TakeOver {
  readonly force?: boolean; // at once
  readonly afterMs?: number; // when it has shown no heartbeat for that long, on our own clock
  readonly onWatch?: (holder: Holder | undefined) => void; // called when waiting for a heartbeat begins
  readonly signal?: AbortSignal; // ends waiting
}

/** Why a lock was not taken; `contended`: several processes take over the same lock. */
type HeldReason = 'running' | 'uncertain' | 'heartbeat' | 'contended';

/** Thrown instead of waiting until a lock is free. */
export class LockHeldError extends Error {
  readonly holder: Holder | undefined; // undefined where its form is not known
  readonly reason: HeldReason;

  constructor({ holder, reason }: { holder: Holder | undefined; reason: HeldReason }) {
    const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${holder.host}`;
    super(`the lock is held by ${who}`);
    this.name = 'LockHeldError';
    this.holder = holder;
    this.reason = reason;
  }
}

interface Watching {
  readonly takeOver?: TakeOver;
  readonly clock?: LockClock;
}

/**
 * Waits for a heartbeat where `takeOver` says so.
 *
 * @returns Whether the holder has certainly ended.
 * @throws LockHeldError unless the lock may be removed as it was seen.
 */
export async function assertRemovable(
  path: string,
  seen: LockContent,
  { takeOver = {}, clock = realClock }: Watching,
): Promise<boolean> {
  const { holder } = seen;
  if (!seen.isWhole) {
    await clock.sleep(TORN_MS);
    if (isUnchanged(seen, await readLock(path))) return false; // cut short by a crash
    throw new LockHeldError({ holder: undefined, reason: 'contended' });
  }
  const { force = false, afterMs, onWatch, signal } = takeOver;
  if (await hasEnded(path, seen)) return true;
  if (force) return false;
  if (afterMs === undefined) throw new LockHeldError({ holder, reason: 'uncertain' });
  onWatch?.(holder);
  const hasMoved = await watchHeartbeat({ path, seen, afterMs, clock, signal });
  if (hasMoved) throw new LockHeldError({ holder, reason: 'heartbeat' });
  return false;
}

/** Refuses what {@link assertRemovable} would refuse without waiting. @throws LockHeldError */
export async function assertFree(path: string, seen: LockContent | undefined, takeOver: TakeOver): Promise<void> {
  if (seen === undefined || !seen.isWhole) return;
  const { force = false, afterMs } = takeOver;
  if ((await hasEnded(path, seen)) || force || afterMs !== undefined) return;
  throw new LockHeldError({ holder: seen.holder, reason: 'uncertain' });
}

/** @throws LockHeldError for a holder that certainly runs. */
async function hasEnded(path: string, { holder }: LockContent): Promise<boolean> {
  const state = holder === undefined ? 'uncertain' : await findHolderState(holder, path);
  if (state === 'running') throw new LockHeldError({ holder, reason: 'running' });
  return state === 'ended';
}

interface Watched {
  readonly path: string;
  readonly seen: LockContent;
  readonly afterMs: number;
  readonly clock: LockClock;
  readonly signal: AbortSignal | undefined;
}

/** @returns Whether the lock has changed within that time; as soon as it has. */
async function watchHeartbeat({ path, seen, afterMs, clock, signal }: Watched): Promise<boolean> {
  const pollMs = Math.min(POLL_MS, afterMs);
  let silentMs = 0;
  while (silentMs < afterMs) {
    const begunMs = clock.now();
    await clock.sleep(pollMs, signal);
    if (!isUnchanged(seen, await readLock(path))) return true;
    // After a pause of this process, or of the machine with the holder in it, the holder gets its time again.
    silentMs += Math.min(clock.now() - begunMs, 2 * pollMs);
  }
  return false;
}
