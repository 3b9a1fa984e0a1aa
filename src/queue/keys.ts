import { randomBytes } from 'node:crypto';

/** What begins every key in Redis, ours and BullMQ's. */
export const PREFIX = 'preannotate';

/** Run id → {@link Registration}. */
export const RUNS = `${PREFIX}:runs`;

/** Stands there instead while the workers of a run leave. A run that is missing may only have been forgotten. */
export const ENDED = 'ended';

/** Run id → a number that its producer raises while it lives. Clocks of different machines are never compared. */
export const BEATS = `${PREFIX}:beats`;

/** Keys of one run. Its chunks are in the BullMQ queue that {@link queueName} names. */
export const keysOf = (id: string) => ({
  run: `${PREFIX}:${id}:run`, // its description
  workers: `${PREFIX}:${id}:workers`, // worker id → WorkerEntry
  examples: `${PREFIX}:${id}:examples`, // where the model sees them, as the first worker found
});

/** A run that is started again with other options gets another queue: no worker takes its work for the old one. */
export function queueName(id: string, key: string): string {
  return `${id}-${key.slice(0, 16)}`;
}

/** An id for this process. Another one may later have the same process id. */
export function makeWorkerId(host: string): string {
  return `${host}:${process.pid}:${randomBytes(4).toString('hex')}`;
}

/** The host of a worker, from its id. */
export function hostOf(worker: string): string {
  return worker.replace(/:\d+:[\da-f]+$/, '');
}
