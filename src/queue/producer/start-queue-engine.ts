import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { printable } from '../../core/text.js';
import { untilAborted } from '../../core/stream.js';
import type { Engine } from '../../workers/engine.js';
import { assertPromptsFit } from '../../workers/queries/tokenise.js';
import { describeExamples } from '../../workers/queries/describe-examples.js';
import { describeInput, type EngineInput, type EngineUse } from '../../workers/start-engine.js';
import { BEATS, ENDED, keysOf, PREFIX, queueName, RUNS } from '../keys.js';
import { parseStored, Registration, type Chunk } from '../protocol.js';
import { BLOCK_SEC, connectToQueue, type Connection } from '../redis/connection.js';
import { loadBullmq } from '../redis/library.js';
import { RedisWatch } from '../redis/watch.js';
import { runKeyOf } from '../run-key.js';
import { QueueEngine } from './queue-engine.js';
import { describeRun, readRunId, type QueuedJob } from './run-entry.js';
import { describeWorkerCommand } from './worker-command.js';
import { WorkersSeen } from './workers-seen.js';

/** Events carry results: about 400 chunks of them. What is trimmed before it was read is found by a sweep. */
const MAX_EVENTS = 2000;

/** Workers notice the end of a run within this time, and write nothing more for it. */
const FAREWELL_MS = 3000;
const FAREWELL_POLL_MS = 50;

/** A Redis that does not answer by then keeps the keys of the run: its next attempt removes them. */
const REMOVE_MS = 5000;
const CLOSE_MS = 1000;

/**
 * Starts an engine whose work is done by `preannotate worker` on other machines: registers the run in the Redis, and
 * removes what an earlier attempt left there. The caller has the lock of the output folder, so there is no other
 * producer.
 *
 * @throws PreannotateError QUEUE_UNREACHABLE, ONTOLOGY_INVALID; the signal's reason
 */
export async function startQueueEngine(
  job: QueuedJob,
  input: EngineInput,
  { note, warn, signal }: EngineUse,
): Promise<Engine> {
  const { ontology, places, allowTruncate } = job;
  const { model } = input;
  await assertPromptsFit({ ontology, model, places, allowTruncate });
  const connection = await connectToQueue(job.queue, signal);
  connection.warnings.forEach(warn);
  for (const each of describeInput(job, model)) note(each);
  const watch = new RedisWatch(connection, note);
  const { Queue, QueueEvents } = await loadBullmq();
  const openQueue = (name: string): Queue<Chunk, unknown> => {
    const streams = { events: { maxLen: MAX_EVENTS } };
    const queue = new Queue<Chunk, unknown>(name, { connection: connection.options, prefix: PREFIX, ...FAST, streams });
    queue.on('error', () => {}); // RedisWatch reports it
    return queue;
  };
  const id = await readRunId(job.outDir);
  await untilAborted(removeRun(connection, id, openQueue), signal);

  const { description, registration } = describeRun(job, input, runKeyOf(job.version, job, model));
  const name = queueName(id, description.key);
  const events = new QueueEvents(name, {
    connection: connection.options,
    prefix: PREFIX,
    ...FAST,
    blockingTimeout: BLOCK_SEC * 1000,
    autorun: false,
  });
  const consume = (): void => {
    if (events.closing !== undefined) return;
    events.run().catch(() => setTimeout(consume, 1000).unref()); // an event that is no JSON ends it
  };
  events.on('error', () => {});
  const queue = openQueue(name);
  const engine = new QueueEngine({
    ...{ id, connection, queue, events, registration, description, ontology, note },
    workers: new WorkersSeen({ note, startCommand: describeWorkerCommand(connection, job, input) }),
    onRefused: (error) => watch.refused(error),
    close: async () => {
      const removed = endRun(connection, id, openQueue).catch(() => {});
      await Promise.race([removed, sleep(REMOVE_MS, undefined, { ref: false })]);
      watch[Symbol.dispose]();
      await Promise.race([
        Promise.allSettled([queue.close(), events.close()]),
        sleep(CLOSE_MS, undefined, { ref: false }),
      ]);
      await Promise.allSettled([queue.disconnect(), events.disconnect()]);
      connection.redis.disconnect();
    },
  });
  try {
    await untilAborted(engine.ready(), signal);
    consume();
    await untilAborted(engine.begin(), signal);
    note(
      `Images go to workers through the Redis at ${connection.name}, as run ${id} (${printable(registration.name)}).`,
    );
    const examples = await untilAborted(engine.prepare(ontology, { signal }), signal);
    for (const { text, isDoubtful } of describeExamples(examples, places)) (isDoubtful ? warn : note)(text);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

/** The server was checked once, and BullMQ would print what it thinks of it at each connection. */
const FAST = { skipVersionCheck: true } as const;

type OpenQueue = (name: string) => Queue<Chunk, unknown>;

/** Lets the workers leave, and then removes the rest. */
async function endRun(connection: Connection, id: string, openQueue: OpenQueue): Promise<void> {
  const { redis } = connection;
  const registered = parseStored(Registration, await redis.hget(RUNS, id));
  await redis.hset(RUNS, id, ENDED);
  for (let waited = 0; waited < FAREWELL_MS; waited += FAREWELL_POLL_MS) {
    if ((await redis.hlen(keysOf(id).workers)) === 0) break;
    await sleep(FAREWELL_POLL_MS);
  }
  await removeKeys(connection, { id, registered }, openQueue);
}

/** Removes what an earlier attempt at a run has left. */
async function removeRun(connection: Connection, id: string, openQueue: OpenQueue): Promise<void> {
  const registered = parseStored(Registration, await connection.redis.hget(RUNS, id));
  await removeKeys(connection, { id, registered }, openQueue);
}

async function removeKeys(
  { redis }: Connection,
  { id, registered }: { readonly id: string; readonly registered: Registration | undefined },
  openQueue: OpenQueue,
): Promise<void> {
  const keys = keysOf(id);
  await redis.hdel(RUNS, id);
  await redis.hdel(BEATS, id);
  await redis.del(keys.run, keys.workers, keys.examples);
  if (registered === undefined) return;
  const queue = openQueue(queueName(id, registered.key));
  try {
    await queue.obliterate({ force: true });
  } finally {
    await queue.disconnect();
  }
}
