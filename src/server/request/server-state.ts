import pLimit, { type LimitFunction } from 'p-limit';
import type { Logger } from 'pino';
import type { Settings } from '../../config/load.js';
import type { ServeConfig } from '../../config/schema.js';
import type { StatedSelection } from '../../config/selection.js';
import type { ChosenExample } from '../../core/seen-example.js';
import type { Model } from '../../model/source.js';
import type { Engine, EngineStatus } from '../../workers/engine.js';
import type { EngineJob } from '../../workers/start-engine.js';
import { AdmissionControl } from '../admission/admission-control.js';
import { Quarantine } from '../admission/quarantine.js';
import type { ApiKeys } from '../../http/auth.js';
import { Connections } from '../../http/connections.js';
import { createMetrics, type Metrics } from '../../http/metrics.js';
import { RequestError } from '../../http/request-error.js';
import type { UrlPolicy } from '../../net/url-policy.js';
import { AnswerCache } from './answer-cache.js';
import { RequestOntologies } from './ontologies.js';

/** A server, fully configured. */
export interface ServeJob extends EngineJob {
  readonly version: string; // of preannotate
  readonly settings: Settings<typeof ServeConfig>;
  readonly advice: readonly string[]; // on the model's settings
  readonly statedSelection: StatedSelection; // for requests, which may state more
  readonly urls: UrlPolicy; // which image URLs are fetched
  readonly labelStudioApiKey?: string; // of the server at settings.labelStudioUrl
  readonly apiKeys: ApiKeys;
  readonly log: Logger;
}

/** What computes, once the model is open. */
export interface Backend {
  readonly engine: Engine;
  readonly model: Model;
  readonly examples: readonly ChosenExample[]; // of the server's ontology
  /**
   * Limits the images of large requests that are with the engine to as many as keep its devices busy: a lone image of
   * another request then waits for these few and not for a whole batch.
   */
  readonly bulk: LimitFunction;
}

export function createBackend(parts: Omit<Backend, 'bulk'>): Backend {
  return { ...parts, bulk: pLimit(parts.engine.capacity) };
}

/** `leaving`: still answers all requests, but tells load balancers to use another server. */
export type Phase = 'starting' | 'ready' | 'leaving' | 'draining';

/** What all routes share. */
export class ServerState {
  readonly job: ServeJob;
  readonly startedAt = new Date();
  readonly admission: AdmissionControl;
  readonly metrics: Metrics;
  readonly answers: AnswerCache;
  readonly ontologies = new RequestOntologies();
  readonly quarantine = new Quarantine();
  readonly connections = new Connections();
  phase: Phase = 'starting';
  backend: Backend | undefined;

  constructor(job: ServeJob) {
    this.job = job;
    const { queueItems, queueBytes, answerCache } = job.settings;
    this.admission = new AdmissionControl({ items: queueItems, bytes: queueBytes }, () => this.#countReadyWorkers());
    this.metrics = createMetrics({
      admission: this.admission,
      status: () => this.status(),
      openRequests: () => this.connections.requests,
      waiting: () => (this.status()?.waiting ?? 0) + (this.backend?.bulk.pendingCount ?? 0),
    });
    this.answers = new AnswerCache(answerCache, (result) => this.metrics.answerCache.inc({ result }));
  }

  status(): EngineStatus | undefined {
    return this.backend?.engine.status();
  }

  /** Whether images can be annotated, even if the queue is full. */
  get isWorking(): boolean {
    return this.phase === 'ready' && this.#countReadyWorkers() > 0;
  }

  /** Why a request would be refused now; undefined when it would be admitted. */
  get notReady(): string | undefined {
    if (this.phase === 'leaving' || this.phase === 'draining') return 'The server is stopping.';
    if (this.phase === 'starting') return 'The model is still being opened.';
    if (!this.isWorking) return 'No worker is ready; one is being started.';
    return this.admission.isFull ? 'The queue is full.' : undefined;
  }

  /** The backend for a request that has been admitted, even while the server stops. @throws RequestError NOT_READY */
  requireStarted(): Backend {
    return this.backend ?? this.requireAccepting();
  }

  /** The backend for a new request. @throws RequestError NOT_READY */
  requireAccepting(): Backend {
    const isServing = this.phase === 'ready' || this.phase === 'leaving';
    if (isServing && this.backend !== undefined) return this.backend;
    const headers: Record<string, string> = this.phase === 'draining' ? { connection: 'close' } : {};
    throw new RequestError('NOT_READY', this.notReady ?? 'The server is not ready.', { headers });
  }

  #countReadyWorkers(): number {
    return this.status()?.workers.filter(({ ready }) => ready).length ?? 0;
  }
}
