import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import { PreannotateError, type Failure } from '../core/errors.js';
import type { ImageFile } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { mapConcurrent } from '../core/stream.js';
import type { Engine } from '../workers/engine.js';

/** Images that are annotated over and over. One that cannot be read leaves the set. */
export type SampleImages = Set<ImageFile>;

export interface Rate {
  readonly imagesPerSecond: number;
  readonly images: number; // that were counted
}

/** For how long images are counted, and until when they may be. */
interface Window {
  readonly windowMs: number;
  readonly signal: AbortSignal; // the time for the whole measurement is over, or the user has stopped it
}

/**
 * Annotates images with every worker busy, and counts them once each worker has computed a batch. Each must then
 * compute two more, unless the signal comes before.
 *
 * @returns undefined where too few were counted when the signal came.
 * @throws PreannotateError when none of the images can be read, and when the engine fails.
 */
export async function measureRate(
  engine: Engine,
  { images, ontology }: { images: SampleImages; ontology: Ontology },
  { windowMs, signal }: Window,
): Promise<Rate | undefined> {
  const { devices, workersPerDevice, maxBatchSize } = engine.placement;
  const round = devices.length * workersPerDevice * maxBatchSize; // a batch of every worker
  const ended = new AbortController();
  const detecting = AbortSignal.any([signal, ended.signal]);
  setMaxListeners(0, detecting); // every call in flight listens
  let finished = 0;
  let startMs = 0;
  let lastMs = 0;
  const detect = async (image: ImageFile) => ({ image, outcome: await engine.detect(image, ontology, detecting) });
  try {
    for await (const { image, outcome } of mapConcurrent(repeat(images), engine.capacity, detect)) {
      if (!outcome.ok) {
        leaveOut(images, image, outcome.failure);
        continue;
      }
      finished++;
      lastMs = performance.now();
      if (finished <= round) startMs = lastMs;
      else if (lastMs - startMs >= windowMs && finished >= round * 3) break;
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    ended.abort();
  }
  const counted = finished - round;
  return counted < round ? undefined : { imagesPerSecond: (counted * 1000) / (lastMs - startMs), images: counted };
}

function* repeat(images: SampleImages): Generator<ImageFile> {
  for (;;) yield* images;
}

function leaveOut(images: SampleImages, image: ImageFile, failure: Failure): void {
  images.delete(image);
  if (images.size === 0) throw new PreannotateError(failure);
}
