import { setTimeout as sleep } from 'node:timers/promises';
import { BEATS, ENDED, keysOf, queueName, RUNS } from '../keys.js';
import { parseStored, Registration } from '../protocol.js';
import type { RunConnections } from './run-connections.js';

/** Workers notice the end of a run within this time, and write nothing more for it. */
const FAREWELL_MS = 3000;
const FAREWELL_POLL_MS = 50;

/** Removes what an earlier attempt at a run has left. */
export async function removeRun(connections: RunConnections, id: string): Promise<void> {
  const registered = parseStored(Registration, await connections.connection.redis.hget(RUNS, id));
  await removeKeys(connections, id, registered);
}

/** Lets the workers leave, and then removes the rest. */
export async function endRun(connections: RunConnections, id: string): Promise<void> {
  const { redis } = connections.connection;
  const registered = parseStored(Registration, await redis.hget(RUNS, id));
  await redis.hset(RUNS, id, ENDED);
  for (let waited = 0; waited < FAREWELL_MS; waited += FAREWELL_POLL_MS) {
    if ((await redis.hlen(keysOf(id).workers)) === 0) break;
    await sleep(FAREWELL_POLL_MS);
  }
  await removeKeys(connections, id, registered);
}

async function removeKeys(
  connections: RunConnections,
  id: string,
  registered: Registration | undefined,
): Promise<void> {
  const { redis } = connections.connection;
  const keys = keysOf(id);
  await redis.hdel(RUNS, id);
  await redis.hdel(BEATS, id);
  await redis.del(keys.run, keys.workers, keys.examples);
  if (registered === undefined) return;
  const queue = connections.openQueue(queueName(id, registered.key));
  try {
    await queue.obliterate({ force: true });
  } finally {
    await queue.close();
  }
}
