import { resolve } from 'node:path';
import { loadOptions } from '../config/program-options.js';
import { DetectorConfig } from '../config/schema.js';
import { formatDevice } from '../core/device.js';
import { PreannotateError } from '../core/errors.js';
import type { ImageOutcome, ImageResult } from '../core/image.js';
import { select } from '../core/select.js';
import { readImage } from '../images/read.js';
import { parseAddress, withoutQuery } from '../images/remote/address.js';
import { openRemoteImages } from '../images/remote/open-remote-images.js';
import type { RemoteImages } from '../images/remote/remote-images.js';
import { createEngineJob } from '../jobs/engine-job.js';
import { fetchSettingsOf } from '../jobs/remote-settings.js';
import { assertGivesObjectness } from '../model/objectness.js';
import { findModel, type Model } from '../model/source.js';
import { assertOptimizerAvailable } from '../workers/devices/choose-devices.js';
import type { Engine } from '../workers/engine.js';
import { FetchingEngine } from '../workers/fetching/fetching-engine.js';
import { startEngine } from '../workers/start-engine.js';
import { BackgroundProcesses } from '../workers/worker-process.js';
import { readCallOptions } from './call-options.js';
import type { DetectedImage, DetectOptions, Detector, DetectorOptions } from './detector-types.js';
import { readGivenImage, type GivenImage } from './given-image.js';
import { inProgramWords, toProgramWords } from './program-words.js';
import { Searches, type Search } from './searches.js';

/** What messages call an image that came as bytes. */
const UNNAMED = 'The bytes given';

/** Opens a model for single images. @throws PreannotateError when that is not possible; the signal's reason */
export async function startDetector(options: DetectorOptions): Promise<Detector> {
  return await inProgramWords(options, async () => await open(options));
}

async function open(options: DetectorOptions): Promise<Detector> {
  const {
    signal = new AbortController().signal,
    onNote,
    onDownload,
    ...settings
  } = readCallOptions(options, "{ model: 'builtin:emoji', ontology: 'emoji' }");
  const note = (message: string) => onNote?.(toProgramWords(message, settings));
  const loaded = await loadOptions(DetectorConfig, { ...settings }, { ofCall: ['signal', 'onNote', 'onDownload'] });
  const { precision, model: reference, optimizer, maxDetections, maxBytes, batchingTimeoutSec } = loaded.settings;
  assertOptimizerAvailable(optimizer);
  const begun = await createEngineJob(loaded, { needsOntology: false });
  const stored = Math.max(begun.worker.maxDetections, maxDetections);
  const job = { ...begun, worker: { ...begun.worker, maxDetections: stored } };
  if (job.ontology.classes.length > 0) job.ontologyNotes.forEach(note);
  const watcher = { note, progress: (bytes: { done: number; total: number }) => onDownload?.(bytes) };
  const model = await findModel(reference, { precision, watcher, signal, variables: process.env });
  assertGivesObjectness(model, job.worker.minObjectness);
  const transport = new BackgroundProcesses();
  using _ = transport.hold();
  const batching = loaded.given.batchingTimeoutSec === 'default' ? {} : { batchingTimeoutSec };
  const use = { transport, note, warn: note, signal, waitsForAll: true, ...batching };
  const engine = await startEngine(job, { model, images: Infinity }, use);
  const remote = () => openRemoteImages({ ...fetchSettingsOf(loaded), maxBytes });
  return new EngineDetector({ engine, model, transport, remote, maxBytes, searches: new Searches(job) });
}

/** What a detector works with. */
interface Parts {
  readonly engine: Engine;
  readonly model: Model;
  readonly transport: BackgroundProcesses;
  readonly remote: () => Promise<RemoteImages>; // opened for the first address
  readonly maxBytes: number; // of an image
  readonly searches: Searches;
}

/** A detector in front of an engine. It keeps this process alive only while there are calls. */
class EngineDetector implements Detector {
  readonly #parts: Parts;
  #remote: Promise<RemoteImages> | undefined;
  #disposed: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get model(): string {
    return this.#parts.model.reference;
  }

  get sha256(): string {
    return this.#parts.model.sha256;
  }

  get precision(): Model['precision'] {
    return this.#parts.model.precision;
  }

  get devices(): readonly string[] {
    return this.#parts.engine.placement.devices.map(formatDevice);
  }

  get capacity(): number {
    return this.#parts.engine.capacity;
  }

  async detect(image: string | URL | Uint8Array, options: DetectOptions = {}): Promise<DetectedImage> {
    return await inProgramWords([image, options], async () => await this.#answer(image, options));
  }

  dispose(): Promise<void> {
    return (this.#disposed ??= this.#dispose());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #answer(image: unknown, options: DetectOptions): Promise<DetectedImage> {
    const { signal = new AbortController().signal, ...asked } = readCallOptions(options, '{ scoreThreshold: 0.3 }');
    using _ = this.#parts.transport.hold();
    const given = readGivenImage(image);
    this.#assertOpen();
    const search = await this.#parts.searches.read(asked);
    const outcome = await this.#detect(given, search, signal).catch((error: unknown) => {
      if (isStopped(error)) this.#assertOpen();
      throw error;
    });
    if (outcome.ok) return toDetectedImage(outcome.result, search);
    if (isStopped(outcome.failure)) this.#assertOpen();
    throw new PreannotateError(outcome.failure);
  }

  /** @throws PreannotateError STOPPED after the detector was disposed of */
  #assertOpen(): void {
    if (this.#disposed !== undefined) throw new PreannotateError(CLOSED);
  }

  async #detect(image: GivenImage, { ontology }: Search, signal: AbortSignal): Promise<ImageOutcome> {
    const { engine, maxBytes } = this.#parts;
    if ('bytes' in image) {
      const { bytes } = image;
      if (bytes.length > maxBytes) throw tooLargeError(bytes.length, maxBytes);
      return await engine.detect({ name: UNNAMED, bytes }, ontology, signal);
    }
    if ('address' in image) {
      this.#remote ??= this.#parts.remote();
      const address = parseAddress(image.address);
      const name = address.kind === 'invalid' ? UNNAMED : withoutQuery(address);
      const fetching = new FetchingEngine(engine, await this.#remote);
      return await fetching.detect({ name, url: image.address }, ontology, signal);
    }
    const { bytes } = await readImage(resolve(image.path), maxBytes);
    return await engine.detect({ name: image.path, bytes }, ontology, signal);
  }

  async #dispose(): Promise<void> {
    using _ = this.#parts.transport.hold();
    await this.#parts.engine[Symbol.asyncDispose]();
    const remote = await this.#remote?.catch(() => undefined); // that it could not be opened was reported by its call
    await remote?.[Symbol.asyncDispose]();
  }
}

function toDetectedImage(result: ImageResult, { ontology, selection }: Search): DetectedImage {
  const { width, height, detections, degraded } = result;
  const boxes = select(detections, selection).map(({ classId, queryId, score, box: [x1, y1, x2, y2] }) => {
    const box = [x1, y1, x2, y2] as const;
    return { class: ontology.classes[classId]!.name, prompt: ontology.queries[queryId]!.prompt, score, box };
  });
  return { width, height, boxes, ...(degraded === undefined ? {} : { degraded }) };
}

/** Whether an image was not annotated because the engine ended. */
function isStopped(cause: unknown): boolean {
  return cause instanceof Object && 'code' in cause && cause.code === CLOSED.code;
}

const CLOSED = { code: 'STOPPED', message: 'The detector was disposed of.', hint: 'Open another one.' } as const;

function tooLargeError(bytes: number, maxBytes: number): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_TOO_LARGE',
    message: `The image has ${bytes} bytes, more than the ${maxBytes} allowed.`,
    hint: 'If this really is an image, raise maxBytes.',
  });
}
