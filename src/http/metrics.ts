import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { FAILURES, type FailureCode } from '../core/errors.js';
import type { FeatureCounts } from '../core/inference/feature-counts.js';
import type { Ontology } from '../core/ontology.js';
import type { EngineStatus, FinishedChunk } from '../workers/engine.js';

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SIZES = [1, 2, 4, 8, 16, 32, 64];
const SCORES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** The stages of a request, as Server-Timing and the metrics name them. */
export type Stage = 'receive' | 'fetch' | 'encode' | 'queue' | 'decode' | 'infer' | 'post';

/** What is counted of a request. */
interface RequestTimes {
  readonly startedMs: number; // performance.now()
  readonly times: ReadonlyMap<Stage, number>; // milliseconds
  readonly failure: FailureCode | undefined;
}

/** What the gauges read. */
export interface GaugeSources {
  readonly admission: { readonly items: number; readonly bytes: number };
  readonly status: () => EngineStatus | undefined;
  readonly openRequests: () => number;
  readonly waiting: () => number; // images
}

export type Metrics = ReturnType<typeof createMetrics>;

/** The server's metrics. Labels come from fixed sets: nothing that a client sends becomes one. */
export function createMetrics(sources: GaugeSources) {
  const registry = new Registry();
  const on = { registers: [registry] };
  const named = (name: string, help: string) => ({ name: `preannotate_${name}`, help, ...on });
  const metrics = {
    registry,
    requests: new Counter({
      ...named('requests_total', 'Requests answered, by route and status'),
      labelNames: ['route', 'code'],
    }),
    failures: new Counter({
      ...named('request_failures_total', 'Requests and images that failed, by reason'),
      labelNames: ['reason'],
    }),
    requestSeconds: new Histogram({
      ...named('request_seconds', 'From the headers of a request to the end of its answer'),
      labelNames: ['route'],
      buckets: SECONDS,
    }),
    stageSeconds: new Histogram({
      ...named('stage_seconds', 'Stages of requests, and of the chunks of images that workers get'),
      labelNames: ['stage'],
      buckets: SECONDS,
    }),
    images: new Counter(named('images_total', 'Images annotated')),
    emptyImages: new Counter(named('empty_images_total', 'Images annotated in which nothing was found')),
    detections: new Counter({
      ...named(
        'detections_total',
        "Boxes answered, by class of the server's own ontology; no class for ontologies of requests",
      ),
      labelNames: ['class'],
    }),
    scores: new Histogram({
      ...named('score', "Scores of the boxes answered, by class of the server's own ontology"),
      labelNames: ['class'],
      buckets: SCORES,
    }),
    answerCache: new Counter({
      ...named('answer_cache_total', 'Images answered from memory (hit) or computed (miss), with --answer-cache'),
      labelNames: ['result'],
    }),
    featureImages: new Counter({
      ...named(
        'feature_images_total',
        'Images answered from stored features (hit), or encoded: since there are none (miss) or they cannot be used ' +
          '(damaged)',
      ),
      labelNames: ['result'],
    }),
    batches: new Counter({
      ...named('batches_total', 'Forward passes that workers have computed'),
      labelNames: ['device'],
    }),
    batchSize: new Histogram({ ...named('batch_size', 'Images, or their tiles, of a forward pass'), buckets: SIZES }),
  };
  addGauges(named, sources);
  return metrics;
}

function addGauges(
  named: (name: string, help: string) => { name: string; help: string; registers: Registry[] },
  { admission, status, openRequests, waiting }: GaugeSources,
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...named(name, help),
      collect() {
        this.set(read());
      },
    });
  gauge('queue_items', 'Images that wait for a worker; admitted_items is what --queue-items bounds', waiting);
  gauge(
    'admitted_items',
    'Images in the server, waiting or computing; what --queue-items bounds',
    () => admission.items,
  );
  gauge('queue_bytes', 'Bytes of requests in the server; what --queue-bytes bounds', () => admission.bytes);
  gauge('requests_in_progress', 'Requests that are not answered yet', openRequests);
  gauge('resident_memory_bytes', 'Memory of the server itself, without its workers', () => process.memoryUsage.rss());
  addWorkerGauges(named, status);
  addRestartCounter(named, status);
}

function addWorkerGauges(
  named: (name: string, help: string) => { name: string; help: string; registers: Registry[] },
  status: GaugeSources['status'],
): void {
  const perWorker = (name: string, help: string, read: (worker: EngineStatus['workers'][number]) => number) =>
    new Gauge({
      ...named(name, help),
      labelNames: ['device', 'worker'],
      collect() {
        status()?.workers.forEach((worker, i) => {
          this.set({ device: worker.device, worker: String(i) }, read(worker));
        });
      },
    });
  perWorker('inflight', 'Images that a worker has', ({ images }) => images);
  perWorker('worker_up', '1 when the worker is ready', ({ ready }) => Number(ready));
  perWorker('worker_load_seconds', 'Time the last worker took to open the model', ({ loadMs }) => loadMs / 1000);
}

function addRestartCounter(
  named: (name: string, help: string) => { name: string; help: string; registers: Registry[] },
  status: GaugeSources['status'],
): void {
  new Counter({
    ...named('worker_restarts_total', 'Times a worker was replaced'),
    labelNames: ['device', 'worker'],
    collect() {
      this.reset();
      status()?.workers.forEach(({ device, restarts }, i) => this.inc({ device, worker: String(i) }, restarts));
    },
  });
}

export function countRequest(
  metrics: Metrics,
  context: RequestTimes,
  { route, status }: { route: string; status: number },
): void {
  metrics.requests.inc({ route, code: String(status) });
  metrics.requestSeconds.observe({ route }, (performance.now() - context.startedMs) / 1000);
  for (const stage of ['receive', 'fetch', 'encode', 'post'] as const) {
    const ms = context.times.get(stage);
    if (ms !== undefined) metrics.stageSeconds.observe({ stage }, ms / 1000);
  }
  if (context.failure !== undefined) countFailure(metrics, context.failure);
}

/** Counts a refused connection, which has no route. */
export function countRefusal(metrics: Metrics, { status, code }: { status: number; code: FailureCode }): void {
  metrics.requests.inc({ route: 'unknown', code: String(status) });
  countFailure(metrics, code);
}

export function countFailure(metrics: Metrics, code: FailureCode): void {
  metrics.failures.inc({ reason: FAILURES[code].reason });
}

export function countChunk(metrics: Metrics, { device, passes, times, features }: FinishedChunk): void {
  metrics.batches.inc({ device }, passes.length);
  for (const size of passes) metrics.batchSize.observe(size);
  metrics.stageSeconds.observe({ stage: 'decode' }, (times.read + times.decode + times.resize) / 1000);
  metrics.stageSeconds.observe({ stage: 'infer' }, times.infer / 1000);
  if (features !== undefined) countFeatures(metrics, features);
}

function countFeatures({ featureImages }: Metrics, { read, encoded, damaged }: FeatureCounts): void {
  featureImages.inc({ result: 'hit' }, read);
  featureImages.inc({ result: 'miss' }, Math.max(0, encoded - damaged));
  featureImages.inc({ result: 'damaged' }, damaged);
}

/** @param own - The ontology, if it is the server's own; class names of clients must not become labels. */
export function countPrediction(
  metrics: Metrics,
  prediction: { labels: readonly string[]; scores: readonly number[] },
  own: Ontology | undefined,
): void {
  metrics.images.inc();
  if (prediction.labels.length === 0) metrics.emptyImages.inc();
  for (const [i, label] of prediction.labels.entries()) {
    const labels = { class: own === undefined ? '' : label };
    metrics.scores.observe(labels, prediction.scores[i]!);
    metrics.detections.inc(labels);
  }
}
