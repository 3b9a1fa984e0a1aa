import pLimit, { type LimitFunction } from 'p-limit';
import type { Logger } from 'pino';
import type { Settings } from '../config/load.js';
import type { ServeConfig } from '../config/schema.js';
import type { StatedSelection } from '../config/selection.js';
import type { EngineJob } from '../workers/start-engine.js';
import type { Model } from '../model/source.js';
import type { EngineStatus } from '../workers/engine.js';
import type { Pool } from '../workers/pool.js';
import type { ApiKeys } from './http/auth.js';
import { Connections } from './http/connections.js';
import { AdmissionControl } from './admission/admission-control.js';
import { Quarantine } from './admission/quarantine.js';
import type { LabelStudioHost } from './compat/label-studio/task-image.js';
import { createMetrics, type Metrics } from './http/metrics.js';
import { RequestOntologies } from './request/ontologies.js';
import { ServiceTime } from './admission/pace.js';
import { RequestError } from './http/request-error.js';
import type { UrlPolicy } from './request/fetch/url-policy.js';

/** A server, fully decided. */
export interface ServeJob extends EngineJob {
  readonly version: string; // of preannotate
  readonly settings: Settings<typeof ServeConfig>;
  readonly statedSelection: StatedSelection; // for requests, which may state more
  readonly urls: UrlPolicy; // what clients may have fetched
  readonly labelStudio?: LabelStudioHost; // whose files are fetched for its tasks
  readonly apiKeys: ApiKeys;
  readonly log: Logger;
}

/** What is there once the model is open. */
export interface Backend {
  readonly engine: Pool;
  readonly model: Model;
  /**
   * Images of /predict/batch go through this: no more of them are with the engine than keep its devices busy, so that a lone
   * image of /predict waits for these few and not for a whole batch.
   */
  readonly bulk: LimitFunction;
}

/** `leaving`: still answering all, but telling load balancers to look elsewhere. */
export type Phase = 'starting' | 'ready' | 'leaving' | 'draining';

/** What all routes share. */
export class Server {
  readonly job: ServeJob;
  readonly startedAt = new Date();
  readonly admission: AdmissionControl;
  readonly metrics: Metrics;
  readonly ontologies = new RequestOntologies();
  readonly quarantine = new Quarantine();
  readonly serviceTime = new ServiceTime();
  readonly encodeAhead = pLimit(1); // encodes prompts that nobody waits for yet
  phase: Phase = 'starting';
  backend: Backend | undefined;
  readonly connections = new Connections();

  constructor(job: ServeJob) {
    this.job = job;
    const { queueItems, queueBytes } = job.settings;
    this.admission = new AdmissionControl({ items: queueItems, bytes: queueBytes }, () => this.#secondsLeft());
    this.metrics = createMetrics({
      admission: this.admission,
      status: () => this.status(),
      openRequests: () => this.connections.requests,
      waiting: () => (this.status()?.waiting ?? 0) + (this.backend?.bulk.pendingCount ?? 0),
    });
  }

  status(): EngineStatus | undefined {
    return this.backend?.engine.status();
  }

  /** Whether images can be annotated; a full queue changes nothing about that. */
  get isWorking(): boolean {
    return this.phase === 'ready' && this.#readyWorkers > 0;
  }

  /** Why no request would be taken now; undefined when one would. */
  get notReady(): string | undefined {
    if (this.phase === 'leaving' || this.phase === 'draining') return 'The server is stopping.';
    if (this.phase === 'starting') return 'The model is still being opened.';
    if (!this.isWorking) return 'No worker is ready; one is being started.';
    return this.admission.isFull ? 'The queue is full.' : undefined;
  }

  #secondsLeft(): number {
    return (this.admission.items * this.serviceTime.secondsPerImage) / Math.max(1, this.#readyWorkers);
  }

  get #readyWorkers(): number {
    return this.status()?.workers.filter(({ ready }) => ready).length ?? 0;
  }

  /** What answers a request that was let in, also while the server stops. @throws RequestError NOT_READY */
  requireStarted(): Backend {
    return this.backend ?? this.requireAccepting();
  }

  /** What would answer a new request. @throws RequestError NOT_READY */
  requireAccepting(): Backend {
    const isServing = this.phase === 'ready' || this.phase === 'leaving';
    if (isServing && this.backend !== undefined) return this.backend;
    const headers: Record<string, string> = this.phase === 'draining' ? { connection: 'close' } : {};
    throw new RequestError('NOT_READY', this.notReady ?? 'The server is not ready.', { headers });
  }
}
