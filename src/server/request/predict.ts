import { performance } from 'node:perf_hooks';
import type { PredictAnswer, PredictOptions } from '../../config/predict-schema.js';
import { PreannotateError } from '../../core/errors.js';
import type { ImageOutcome } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { select, type Selection } from '../../core/select.js';
import { untilAborted } from '../../core/stream.js';
import type { Call } from './request-context.js';
import type { Share } from '../admission/admission-control.js';
import type { IncomingImage } from './incoming.js';
import { countPrediction } from '../http/metrics.js';
import { invalidOntology } from './ontologies.js';
import { invalidField, RequestError } from '../http/request-error.js';
import type { Server } from '../server.js';

/** The request that an image belongs to. */
export interface Context {
  readonly server: Server;
  readonly call: Call;
  readonly share: Share;
  readonly lane: 'interactive' | 'bulk';
}

/** What is looked for in the images of a request, and what of it is answered. */
export interface Search {
  readonly ontology: Ontology;
  readonly selection: Selection;
}

export type Prediction = Omit<PredictAnswer, 'model' | 'request_id'>;

/** Fills in what a request left open. @throws RequestError ONTOLOGY_INVALID, REQUEST_INVALID */
export async function searchOf(options: PredictOptions, { job, ontologies }: Server): Promise<Search> {
  const { selection, worker } = job;
  const { score_threshold: threshold, nms = selection.nmsIou !== null } = options;
  if (threshold !== undefined && threshold < worker.scoreFloor) {
    const detail = `It is below ${worker.scoreFloor}, the score_floor of this server.`;
    throw invalidField('/score_threshold', detail);
  }
  if (options.max_detections !== undefined && options.max_detections > worker.maxDetections) {
    const detail = `It is above ${worker.maxDetections}, the most boxes that this server keeps of an image (--max-detections).`;
    throw invalidField('/max_detections', detail);
  }
  const ontology = options.ontology === undefined ? job.ontology : await ontologies.read(options.ontology);
  return {
    ontology,
    selection: {
      scoreThreshold: threshold ?? selection.scoreThreshold,
      overridesOntology: threshold !== undefined || (ontology === job.ontology && selection.overridesOntology),
      nmsIou: nms ? (options.nms_iou ?? selection.nmsIou ?? job.settings.nmsIou) : null,
      classAgnosticNms: options.class_agnostic_nms ?? selection.classAgnosticNms,
      maxDetections: options.max_detections ?? selection.maxDetections,
    },
  };
}

/**
 * Annotates one image of a request.
 *
 * @throws PreannotateError whatever became of the image instead, and the reason of the call's signal
 */
export function predict(image: IncomingImage, search: Search, context: Context): Promise<Prediction> {
  const { call } = context;
  const annotated = () => annotate(image, search, context);
  return image.isFetched === true ? untilAborted(call.held(annotated), call.signal) : annotated();
}

async function annotate(
  image: IncomingImage,
  { ontology, selection }: Search,
  { server, call, share, lane }: Context,
): Promise<Prediction> {
  const { engine, bulk } = server.opened();
  const { signal } = call;
  using own = share.part(); // what is fetched is given back with the image, not with the request
  const fetchStart = performance.now();
  const bytes = await untilAborted(image.load(server.job.urls, { call, share: own }), signal);
  if (image.isFetched === true) call.took('fetch', performance.now() - fetchStart);
  server.killers.assertHarmless(bytes);
  let lined = 0; // ms before the engine was asked
  const outcome = await detectWith(async () => {
    const start = performance.now();
    await engine.prepare(ontology, { signal }); // first, so that others of the lane need not wait for that
    const prepared = performance.now();
    call.took('encode', prepared - start);
    const detect = () => {
      lined = performance.now() - prepared;
      return engine.detect({ name: image.name, bytes }, ontology, signal);
    };
    return lane === 'bulk' ? untilAborted(bulk(detect), signal) : detect();
  });
  const { queue: waited, decode, infer } = outcome.timing ?? { queue: 0, decode: 0, infer: 0 };
  const queue = lined + waited;
  call.took('queue', queue);
  call.took('decode', decode);
  call.took('infer', infer);
  server.metrics.stageSeconds.observe({ stage: 'queue' }, queue / 1000);
  if (!outcome.ok) {
    // Where no image has been computed yet, it is hardly this one that is at fault.
    if (server.pace.secondsPerImage > 0) server.killers.add(bytes, outcome.failure.code);
    throw new PreannotateError(outcome.failure);
  }

  const postStart = performance.now();
  const { width, height, detections, degraded } = outcome.result;
  const shown = select(detections, ontology, selection);
  const prediction = {
    boxes: shown.map(({ box }): [number, number, number, number] => [box[0], box[1], box[2], box[3]]),
    scores: shown.map(({ score }) => score),
    labels: shown.map(({ classId }) => ontology.classes[classId]!.name),
    prompts: shown.map(({ queryId }) => ontology.queries[queryId]!.prompt),
    width,
    height,
    ...(degraded === undefined ? {} : { degraded }),
  };
  call.took('post', performance.now() - postStart);
  countPrediction(server.metrics, prediction, ontology === server.job.ontology ? ontology : undefined);
  return prediction;
}

/** The engine finds out which prompts are too long for the model; that is the request's fault. */
async function detectWith(detect: () => Promise<ImageOutcome>): Promise<ImageOutcome> {
  try {
    return await detect();
  } catch (error) {
    throw error instanceof PreannotateError && error.code === 'ONTOLOGY_INVALID' && !(error instanceof RequestError)
      ? invalidOntology(error)
      : error;
  }
}
