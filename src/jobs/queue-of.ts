import type { QueueAddress } from '../config/options/machines/queue.js';
import type { QueueSettings } from '../queue/redis/connection.js';

/** The queue that a command was given, if any. */
export function queueOf({ queue, queueCa }: { queue?: QueueAddress; queueCa?: string }): { queue?: QueueSettings } {
  if (queue === undefined) return {};
  return { queue: { address: queue, ...(queueCa === undefined ? {} : { caFile: queueCa }) } };
}
