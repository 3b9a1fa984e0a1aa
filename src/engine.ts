import { thresholdsOf } from './core/select.js';
import { untilAborted } from './core/stream.js';
import { describeTiles } from './core/tiles.js';
import type { Job } from './job.js';
import { describeInputSize, inputSizeOf, patchesOf } from './model/input-size.js';
import { imageWeightsFor } from './model/quantised-weights.js';
import type { Model } from './model/source.js';
import type { Progress } from './report/progress.js';
import { chooseDevices } from './workers/choose-devices.js';
import { describePlacement, placeWorkers, type Workload } from './workers/placement.js';
import { Pool } from './workers/pool.js';

/** Starts the workers, says what was chosen for the user, and encodes prompts and examples. */
export async function startEngine(
  job: Job,
  { model, images }: { model: Model; images: number },
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<Pool> {
  const { devices, why } = await chooseDevices(job.devices, { ...job.worker, precision: model.precision });
  const placement = placeWorkers(devices, job.placement, workloadOf(job, model, images));
  progress.note(`Using ${describePlacement(placement)}${why === undefined ? '' : ` (auto: ${why})`}.`);
  const { imageSize, scoreFloor } = job.worker;
  for (const note of inputNotes(job, model)) progress.note(note);
  const lowest = Math.min(...thresholdsOf(job.ontology, job.selection));
  if (lowest < scoreFloor) {
    progress.note(`A threshold of ${lowest} shows nothing below the score_floor of ${scoreFloor}: lower that too.`);
  }
  const { allowTruncate, whereOf, exampleFolder } = job;
  const sized = imageSize === undefined ? {} : { imageSize };
  const { checkpoint, precision } = model;
  const imageWeights = await imageWeightsFor(model, precision);
  const engine = new Pool({
    ...placement,
    settings: { ...job.worker, checkpoint, precision, imageWeights, threads: placement.threads },
    prompts: { model, allowTruncate, whereOf, exampleFolder, ...sized },
    onWarning: (message) => progress.note(message),
  });
  try {
    await untilAborted(Promise.all([engine.ready(), engine.prepare(job.ontology)]), signal);
    return engine;
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    throw error;
  }
}

function workloadOf({ worker }: Job, { checkpoint, weightBytes }: Model, images: number): Workload {
  return {
    images,
    weightBytes,
    patches: patchesOf(checkpoint, inputSizeOf(checkpoint, worker.imageSize)),
    patchWidth: checkpoint.config.vision_config.hidden_size,
    ...(worker.tiles === undefined ? {} : { pixelsAtOnce: worker.maxPixels }),
  };
}

/** How images come to the model, where that is not as it was trained. */
export function inputNotes({ worker: { imageSize, tiles } }: Job, { checkpoint }: Model): string[] {
  return [
    ...(imageSize === undefined ? [] : [describeInputSize(checkpoint, imageSize)]),
    ...(tiles === undefined ? [] : [describeTiles(tiles)]),
  ];
}
