// A worker of a queue that answers at once, as if its devices were free: `node queue-stub.mjs <port> <detections>`.
import { Redis } from 'ioredis';
import { Worker } from 'bullmq';
import { buildOntology } from '../../../dist/core/ontology.js';
import { keysOf, makeWorkerId, PREFIX, queueName, RUNS } from '../../../dist/queue/keys.js';

const [port, detections] = process.argv.slice(2).map(Number);
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null };
const redis = new Redis(connection);
const id = makeWorkerId('stub');
const entry = { host: 'stub', pid: process.pid, state: 'working', devices: ['stub'], processes: 1, restarts: 0 };
const times = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };

let run;
while (run === undefined) {
  const runs = Object.entries(await redis.hgetall(RUNS));
  for (const [name] of runs) run = { id: name, description: JSON.parse((await redis.get(keysOf(name).run)) ?? 'null') };
  if (!run?.description) {
    run = undefined;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const { key, ontology } = run.description;
const { queries } = buildOntology(ontology);

const found = [];
for (let i = 0; i < detections; i++) {
  const queryId = (i * 7) % queries.length;
  const at = 100.25 + 31.5 * i;
  found.push(queries[queryId].classId, queryId, 100 + i, 0.91234 - i / 100, at, at + 0.37, at + 210.12, at + 180.89);
}
const outcome = {
  ...{ width: 1920, height: 1080, sizeBytes: 234567, modifiedMs: 1767225600000, encoding: 'JPEG' },
  ...{ sha256: 'a3'.repeat(32), detections: found },
};
const worker = new Worker(
  queueName(run.id, key),
  async ({ data }) => ({ key, worker: id, times, outcomes: data.images.map(() => outcome) }),
  { connection, prefix: PREFIX, concurrency: 32, skipVersionCheck: true },
);
worker.on('error', () => {});
for (let beat = 1; (await redis.hget(RUNS, run.id)) !== 'ended'; beat++) {
  await redis.hset(keysOf(run.id).workers, id, JSON.stringify({ ...entry, images: 0, beat }));
  await new Promise((resolve) => setTimeout(resolve, 500));
}
await worker.close();
await redis.hdel(keysOf(run.id).workers, id);
redis.disconnect();
