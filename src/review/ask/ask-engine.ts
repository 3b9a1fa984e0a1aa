import type { Ontology } from '../../core/ontology.js';
import { untilAborted } from '../../core/stream.js';
import type { Model } from '../../model/source.js';
import { toWorkerOptions } from '../../run/rerun/worker-options.js';
import type { OpenedRun } from '../../run/open-run.js';
import { countAllowedCores } from '../../workers/devices/placement.js';
import type { Engine } from '../../workers/engine.js';
import { startEngine, type EngineJob } from '../../workers/start-engine.js';
import type { FoundFeatures } from './find-features.js';

/** Workers that have been idle for so long are ended: they are started again within a second. */
const IDLE_MS = 5 * 60_000;

/** Each holds up to 128 MB of features; more are waiting for the disk. */
const MAX_WORKERS = 8;
const IMAGES_AT_ONCE = 8;

/** Workers are started without prompts: each question brings its own. */
const NOTHING: Ontology = { templates: [], classes: [], ignore: [], queries: [] };

const IGNORE = () => {};

/** An engine in use. While it is not disposed of, its workers stay. */
export interface EngineInUse extends Disposable {
  readonly engine: Engine;
}

/** Workers that answer from stored features: started with the first question, and ended when no more come. */
export class AskEngine implements AsyncDisposable {
  readonly #parts: { readonly run: OpenedRun; readonly model: Model; readonly features: FoundFeatures };
  readonly #idleMs: number;
  readonly #closed = new AbortController();
  #engine: Promise<Engine> | undefined;
  #uses = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(parts: { run: OpenedRun; model: Model; features: FoundFeatures; idleMs?: number }) {
    this.#parts = parts;
    this.#idleMs = parts.idleMs ?? IDLE_MS;
  }

  /** @throws PreannotateError where no worker can be had; the signal's reason */
  async begin(signal: AbortSignal): Promise<EngineInUse> {
    this.#closed.signal.throwIfAborted();
    clearTimeout(this.#idle);
    this.#uses++;
    const leave = () => {
      if (--this.#uses > 0) return;
      this.#idle = setTimeout(() => void this.end(), this.#idleMs).unref();
    };
    try {
      const starting = (this.#engine ??= this.#start());
      return { engine: await untilAborted(starting, signal), [Symbol.dispose]: leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Ends the workers; the next question starts others. */
  async end(): Promise<void> {
    const engine = this.#engine;
    this.#engine = undefined;
    await (await engine?.catch(IGNORE))?.[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    clearTimeout(this.#idle);
    await this.end();
  }

  #start(): Promise<Engine> {
    const { model, run } = this.#parts;
    const use = { note: IGNORE, warn: IGNORE, signal: this.#closed.signal, waitsForAll: true };
    const starting = startEngine(this.#toJob(), { model, images: run.journal.entries.size }, use);
    starting.catch(() => {
      if (this.#engine === starting) this.#engine = undefined; // another question tries again
    });
    return starting;
  }

  /** Images are looked at as in the run. */
  #toJob(): EngineJob {
    const { run, features } = this.#parts;
    const { worker, ...others } = toWorkerOptions(run.journal.header.options);
    const { folder, key, dtype } = features;
    const workersPerDevice = Math.min(countAllowedCores(), MAX_WORKERS);
    return {
      ...others,
      allowTruncate: false, // a question is shown as it is asked
      ontology: NOTHING,
      places: { whole: 'The question', byLabel: {} },
      ontologyNotes: [],
      exampleFolder: '',
      devices: [{ provider: 'cpu' }],
      placement: { workersPerDevice, threads: 1, maxBatchSize: IMAGES_AT_ONCE },
      worker: { ...worker, optimizer: 'onnxrt' },
      selection: { thresholds: [], nmsIou: null, classAgnosticNms: false, maxDetections: Infinity },
      features: { folder, key, dtype, exact: false, isReadOnly: true, storedOnly: true },
    };
  }
}
