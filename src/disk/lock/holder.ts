import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-identity.js';

/** The process that has a lock, as its file names it. Version 0.1 knew pid, host and started only. */
export const Holder = z.object({
  pid: z.int(),
  host: z.string(),
  started: z.string(), // ISO 8601, when it took the lock
  key: z.exactOptional(z.string()), // no other lock has it
  boot: z.exactOptional(z.string()),
  namespace: z.exactOptional(z.string()),
  startTicks: z.exactOptional(z.int()),
  machine: z.exactOptional(z.string()),
  created: z.exactOptional(z.int().min(0)), // folders that were made for the lock, counted from its own upwards
  heartbeat: z.exactOptional(z.string()), // ISO 8601 with milliseconds, always as long
});
export type Holder = z.output<typeof Holder>;

/** What can be known of a holder: `uncertain` where its pid means nothing here, or may be another's by now. */
export type HolderState = 'running' | 'ended' | 'uncertain';

/** Numbers of file systems that only one machine at a time can have mounted: ext, XFS, Btrfs, F2FS, ZFS. */
const LOCAL_FILE_SYSTEMS = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1]);

/** @param path - Of the lock. */
export async function findHolderState(holder: Holder, path: string): Promise<HolderState> {
  const self = await identifyProcess();
  if (holder.host !== self.host) return 'uncertain';
  const isKnown = holder.boot !== undefined || holder.namespace !== undefined;
  if (isKnown && holder.boot !== self.boot) {
    return hasRebooted(holder, self) && (await isOnLocalDisk(path)) ? 'ended' : 'uncertain';
  }
  if (isKnown && holder.namespace !== self.namespace) return 'uncertain';
  if (!(await isRunning(holder))) return 'ended';
  return holder.startTicks === undefined ? 'uncertain' : 'running';
}

/**
 * Whether the machine of the holder is this one, booted again, so that the holder has ended: it has the same name and
 * id, and both processes run outside containers. Two machines may still be clones of one image, so that the disk
 * must be local too.
 */
export function hasRebooted(holder: Omit<ProcessIdentity, 'pid'>, self: Omit<ProcessIdentity, 'pid'>): boolean {
  return (
    holder.host === self.host &&
    holder.boot !== undefined &&
    self.boot !== undefined &&
    holder.boot !== self.boot &&
    holder.machine !== undefined && // which processes in containers do not have
    holder.machine === self.machine &&
    holder.namespace === self.namespace
  );
}

async function isOnLocalDisk(path: string): Promise<boolean> {
  try {
    return LOCAL_FILE_SYSTEMS.has((await statfs(dirname(path))).type);
  } catch {
    return false; // not known
  }
}
