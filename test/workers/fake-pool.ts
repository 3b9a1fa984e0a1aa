import { setMaxListeners } from 'node:events';
import { beforeAll, onTestFinished } from 'vitest';
import type { PreannotateError } from '../../src/core/errors.js';
import { buildOntology } from '../../src/core/ontology.js';
import { findModel, type Model } from '../../src/model/source.js';
import type { FinishedChunk } from '../../src/workers/engine.js';
import { Pool, type PoolOptions } from '../../src/workers/pool.js';
import { FakeTransport, settle, type FakeWorker } from './fake-transport.js';

let model: Model;
beforeAll(async () => {
  const watcher = { progress: () => {}, note: () => {} };
  model = await findModel('builtin:emoji', { precision: 'auto', watcher, variables: process.env });
});

/** Prompts that no other test has written to the disk cache. */
export const ONTOLOGY = buildOntology({
  templates: [],
  classes: [{ name: 'bottle', id: 1, prompts: ['unasked bottle'] }],
  ignore: [],
});

interface Wanted extends Partial<Pick<PoolOptions, 'batchingTimeoutSec' | 'maxCrashesInARow'>> {
  readonly workers?: number;
  readonly maxBatchSize?: number;
  readonly onStart?: (worker: FakeWorker) => void;
  readonly isPrepared?: boolean;
  readonly features?: PoolOptions['settings']['features'];
}

/** A pool of fake workers on one device each, with the ontology prepared, and what it reports. */
export async function startPool({
  workers = 1,
  maxBatchSize = 2,
  onStart,
  isPrepared = true,
  features,
  ...options
}: Wanted = {}) {
  const transport = new FakeTransport();
  if (onStart !== undefined) transport.onStart = onStart;
  const warnings: string[] = [];
  const failures: PreannotateError[] = [];
  const chunks: FinishedChunk[] = [];
  const pool = new Pool({
    placement: {
      devices: Array.from({ length: workers }, (_, index) => ({ provider: 'cuda', index })),
      workersPerDevice: 1,
      threads: 1,
      maxBatchSize,
    },
    // A fake worker reads nothing of the rest.
    settings: { checkpoint: model.checkpoint, features } as PoolOptions['settings'],
    queries: {
      model,
      ontology: ONTOLOGY,
      places: { whole: '', byLabel: {} },
      allowTruncate: false,
      exampleRule: 'auto',
      fit: 'stretch',
      positions: 'interpolate',
    },
    transport,
    onWarning: (message) => warnings.push(message),
    onFailure: (failure) => failures.push(failure),
    onChunk: (chunk) => chunks.push(chunk),
    ...options,
  });
  onTestFinished(() => pool[Symbol.asyncDispose]());
  await settle();
  if (isPrepared) await prepare(pool, transport);
  return { pool, transport, warnings, failures, chunks };
}

async function prepare(pool: Pool, transport: FakeTransport): Promise<void> {
  const prepared = pool.prepare(ONTOLOGY);
  await until(() => transport.workers.some((worker) => worker.of('encode').length > 0));
  for (const worker of transport.workers) answerEncodings(worker);
  await prepared;
}

export function answerEncodings(worker: FakeWorker): void {
  for (const { id, tokenIds } of worker.of('encode')) {
    worker.answer({
      type: 'encoded',
      id,
      embeddings: new Float32Array(tokenIds.length * 1024),
      choices: [],
      failures: [],
    });
  }
}

/** Prompts are read and tokenised from real files, which takes a few turns of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  const start = Date.now(); // not faked
  while (!condition()) {
    if (Date.now() - start > 5000) throw new Error(`never happened: ${String(condition)}`);
    await settle();
  }
}

export const NEVER = new AbortController().signal;

/** Asks for all of them at once. */
export async function detectAll(pool: Pool, names: readonly string[], signal = NEVER) {
  setMaxListeners(0, signal); // every call in flight listens
  const calls = names.map((name) => pool.detect({ name }, ONTOLOGY, signal));
  for (const call of calls) call.catch(() => {}); // some tests never look at it
  await settle();
  return { calls };
}
