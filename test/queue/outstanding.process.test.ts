import { Queue, Worker } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildOntology } from '../../src/core/ontology.js';
import type { ImageOutcome } from '../../src/core/image.js';
import { OutstandingChunks } from '../../src/queue/producer/outstanding.js';
import { VANISHED, type Chunk } from '../../src/queue/protocol.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';

const ontology = buildOntology({ templates: [], classes: [{ name: 'dog', id: 1, prompts: ['a dog'] }], ignore: [] });
const OUTCOME = {
  ...{ width: 10, height: 10, sizeBytes: 5, modifiedMs: 0, sha256: 'ab'.repeat(32), encoding: 'JPEG' },
  detections: [0, 0, 3, 0.5, 1, 1, 5.25, 6],
};
const TIMES = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };

describe.skipIf(!hasRedis)('chunks that are handed out (needs redis-server)', () => {
  const open = async () => {
    const redis = await RedisServer.start();
    const connection = { host: '127.0.0.1', port: redis.port, maxRetriesPerRequest: null };
    const queue = new Queue<Chunk, unknown>('chunks', { connection });
    const warnings: string[] = [];
    const chunks = new OutstandingChunks({
      ...{ queue, ontology, key: 'key', chunkSize: 2, maxDetections: 2, patches: 4 },
      warn: (message) => void warnings.push(message),
      onRefused: (error) => void warnings.push(String(error)),
      onResult: () => {},
    });
    onTestFinished(async () => {
      chunks[Symbol.dispose]();
      await queue.close();
    });
    const ask = (name: string) =>
      new Promise<ImageOutcome>((resolve, reject) => chunks.add({ image: { name }, resolve, reject }));
    const waiting = async (count: number) => {
      for (;;) {
        const jobs = await queue.getWaiting();
        if (jobs.length >= count) return jobs;
      }
    };
    return { queue, connection, chunks, warnings, ask, waiting };
  };

  it('are split into single images when their workers vanish, and the one that is left with fails alone', async () => {
    const { queue, chunks, ask, waiting } = await open();
    const outcomes = Promise.all([ask('good.jpg'), ask('poison.jpg')]);
    const [both] = await waiting(1);
    expect(both!.data.images).toEqual([{ name: 'good.jpg' }, { name: 'poison.jpg' }]);
    chunks.failed(both!.id!, { reason: 'job stalled more than allowable limit', hasVanished: true });
    while ((await queue.getJob(both!.id!)) !== undefined);
    const alone = await waiting(2);
    expect(alone.map(({ data }) => data.images.length)).toEqual([1, 1]);
    const idOf = (name: string) => alone.find(({ data }) => data.images[0]!.name === name)!.id!;
    chunks.failed(idOf('poison.jpg'), { reason: VANISHED, hasVanished: true });
    chunks.finished(idOf('good.jpg'), { key: 'key', worker: 'a', times: TIMES, outcomes: [OUTCOME] });
    const [good, poison] = await outcomes;
    expect(good).toMatchObject({ ok: true, result: { name: 'good.jpg', detections: [{ box: [1, 1, 5.25, 6] }] } });
    expect(poison).toMatchObject({ ok: false, name: 'poison.jpg', failure: { code: 'WORKER_CRASHED' } });
  });

  it.each([
    ['another key', { key: 'other' }],
    ['too few outcomes', { outcomes: [] }],
    ['a box outside the image', { outcomes: [{ ...OUTCOME, detections: [0, 0, 3, 0.5, 1, 1, 5, 11] }] }],
    ['a class that does not exist', { outcomes: [{ ...OUTCOME, detections: [1, 0, 3, 0.5, 1, 1, 5, 6] }] }],
    ['a patch that the model does not have', { outcomes: [{ ...OUTCOME, detections: [0, 0, 4, 0.5, 1, 1, 5, 6] }] }],
    ['more detections than the run keeps', { outcomes: [{ ...OUTCOME, detections: Array(24).fill(0) }] }],
    ['more outcomes than a chunk has images', { outcomes: Array(17).fill(OUTCOME) }],
    ['a detection twice', { outcomes: [{ ...OUTCOME, detections: [...OUTCOME.detections, ...OUTCOME.detections] }] }],
    [
      'the best detection last',
      { outcomes: [{ ...OUTCOME, detections: [...OUTCOME.detections, 0, 0, 2, 0.75, 1, 1, 5, 6] }] },
    ],
    ['a size below 0', { outcomes: [{ ...OUTCOME, sizeBytes: -1 }] }],
    ['half a millisecond', { outcomes: [{ ...OUTCOME, modifiedMs: 0.5 }] }],
    ['numbers that are text', { outcomes: [{ ...OUTCOME, detections: [0, 0, 3, '0.5', 1, 1, 5, 6] }] }],
    ['a width that is text', { outcomes: [{ ...OUTCOME, width: '10' }] }],
    ['an image without a height', { outcomes: [{ ...OUTCOME, height: undefined }] }],
    ['a checksum that is none', { outcomes: [{ ...OUTCOME, sha256: 'AB'.repeat(32) }] }],
    ['a failure that does not exist', { outcomes: [{ failure: { code: 'NONE', message: '', hint: '' } }] }],
  ])('results with %s are dropped with a warning, and the chunk is handed out again', async (_, changed) => {
    const { chunks, warnings, ask, waiting } = await open();
    const outcome = ask('a.jpg');
    const [first] = await waiting(1);
    const result = { key: 'key', worker: 'a', times: TIMES, outcomes: [OUTCOME] };
    chunks.finished(first!.id!, { ...result, ...changed });
    expect(warnings).toEqual([expect.stringMatching(/Results that .* sent for a.jpg are dropped/)]);
    for (;;) {
      const again = (await waiting(1)).find(({ id }) => id !== first!.id);
      if (again === undefined) continue;
      chunks.finished(again.id!, result);
      break;
    }
    expect((await outcome).ok).toBe(true);
  });

  it('a result whose event was missed is found by a sweep, and so is a chunk that the Redis forgot', async () => {
    const { queue, connection, chunks, ask, waiting } = await open();
    const outcomes = Promise.all([ask('a.jpg'), ask('b.jpg')]);
    await waiting(1);
    await queue.obliterate({ force: true });
    await queue.resume();
    while ((await queue.getWaitingCount()) === 0) await chunks.sweep((id) => queue.getJob(id), 0);
    const worker = new Worker<Chunk>(
      'chunks',
      ({ data }) =>
        Promise.resolve({ key: 'key', worker: 'a', times: TIMES, outcomes: data.images.map(() => OUTCOME) }),
      { connection },
    );
    onTestFinished(() => worker.close());
    while ((await queue.getCompletedCount()) === 0);
    await chunks.sweep((id) => queue.getJob(id), 0);
    expect((await outcomes).map(({ ok }) => ok)).toEqual([true, true]);
  });
});
