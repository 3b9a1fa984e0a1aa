import { performance } from 'node:perf_hooks';
import type { PredictAnswer, PredictOptions } from '../../config/predict-schema.js';
import { applyRequest, resolveSelection } from '../../config/selection.js';
import { PreannotateError } from '../../core/errors.js';
import type { ImageOutcome, ImageResult, ImageSource } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { select, type Selection } from '../../core/select.js';
import { untilAborted } from '../../core/stream.js';
import type { RequestContext } from './request-context.js';
import type { Share } from '../admission/admission-control.js';
import type { IncomingImage } from './incoming-image.js';
import { countPrediction } from '../../http/metrics.js';
import { invalidOntologyError } from './ontologies.js';
import { invalidFieldError, RequestError } from '../../http/request-error.js';
import type { ServerState } from './server-state.js';

/** A lone image overtakes the images of large requests, see `Backend.bulk`. */
export type Lane = 'interactive' | 'bulk';

/** The request that an image belongs to. */
export interface PredictContext {
  readonly server: ServerState;
  readonly request: RequestContext;
  readonly share: Share;
  readonly lane: Lane;
}

/** What to detect in the images of a request, and which detections to return. */
export interface Search {
  readonly ontology: Ontology;
  readonly selection: Selection;
}

export type Prediction = Omit<PredictAnswer, 'model' | 'request_id'>;

/** Completes the options of a request with the server's own. @throws RequestError ONTOLOGY_INVALID, REQUEST_INVALID */
export async function resolveSearch(options: PredictOptions, { job, ontologies }: ServerState): Promise<Search> {
  const { worker, statedSelection: started } = job;
  const { ontology: asked, ...fields } = options;
  if (fields.score_threshold !== undefined && fields.score_threshold < worker.scoreFloor) {
    const detail = `It is below ${worker.scoreFloor}, the score_floor of this server.`;
    throw invalidFieldError('/score_threshold', detail);
  }
  if (fields.max_detections !== undefined && fields.max_detections > worker.maxDetections) {
    const limit = `${worker.maxDetections}, the most boxes that this server keeps of an image`;
    throw invalidFieldError('/max_detections', `It is above ${limit}.`);
  }
  if (asked === undefined && job.ontology.classes.length === 0) throw noOntologyError();
  const ontology = asked === undefined ? job.ontology : await ontologies.read(asked);
  // The threshold that the server was started with precedes that of its own ontology only.
  const base = ontology === job.ontology ? started : { ...started, overridesOntology: false };
  return { ontology, selection: resolveSelection(applyRequest(fields, base), ontology) };
}

function noOntologyError(): RequestError {
  const detail = 'This server was started without an ontology, so each request says what to find.';
  const advice = 'Send the field "ontology", such as {"a bottle": "bottle"}.';
  return new RequestError('ONTOLOGY_INVALID', `${detail} ${advice}`, {
    errors: [{ pointer: '/ontology', detail: 'It is missing.' }],
  });
}

/**
 * Annotates one image of a request.
 *
 * @throws PreannotateError why the image has no answer; the reason of the request's signal
 */
export function predict(image: IncomingImage, search: Search, context: PredictContext): Promise<Prediction> {
  const { request } = context;
  const annotated = () => loadAndDetect(image, search, context);
  return image.isFetched === true ? untilAborted(request.limitLoaded(annotated), request.signal) : annotated();
}

async function loadAndDetect(image: IncomingImage, search: Search, context: PredictContext): Promise<Prediction> {
  const { server, request, share } = context;
  using own = share.split(); // the bytes of a fetched image are released with the image, not with the request
  const fetchStart = performance.now();
  const bytes = await untilAborted(image.load(server.job.urls, { request, share: own }), request.signal);
  if (image.isFetched === true) request.recordStage('fetch', performance.now() - fetchStart);
  server.quarantine.requireNotQuarantined(bytes);
  const { ontology: asked } = search;
  const result = await server.answers.find({ bytes, ontology: asked }, async () => {
    const outcome = await detect({ name: image.name, bytes }, asked, context);
    if (outcome.ok) return outcome.result;
    // Before the first image has been computed, this image is probably not the cause.
    if (server.admission.serviceTime.secondsPerImage > 0) server.quarantine.add(bytes, outcome.failure.code);
    throw new PreannotateError(outcome.failure);
  });
  const postStart = performance.now();
  const prediction = toPrediction(result, search);
  request.boxes = (request.boxes ?? 0) + prediction.boxes.length;
  request.recordStage('post', performance.now() - postStart);
  const { ontology } = server.job;
  countPrediction(server.metrics, prediction, asked === ontology ? ontology : undefined);
  return prediction;
}

/** Encodes the prompts where that is still to be done, then has the image computed; records the time of both. */
async function detect(image: ImageSource, ontology: Ontology, context: PredictContext): Promise<ImageOutcome> {
  const { server, request, lane } = context;
  const { engine, bulk } = server.requireStarted();
  const { signal } = request;
  let laneMs = 0; // that a bulk image waits before the engine gets it
  const outcome = await detectOrBlameOntology(async () => {
    const start = performance.now();
    await engine.prepare(ontology, { signal }); // before the lane, so that other requests in it do not wait for this
    const prepared = performance.now();
    request.recordStage('encode', prepared - start);
    const compute = () => {
      laneMs = performance.now() - prepared;
      return engine.detect(image, ontology, signal);
    };
    return lane === 'bulk' ? untilAborted(bulk(compute), signal) : compute();
  });
  const { queue, decode, infer } = outcome.timing ?? { queue: 0, decode: 0, infer: 0 };
  request.recordStage('queue', laneMs + queue);
  request.recordStage('decode', decode);
  request.recordStage('infer', infer);
  server.metrics.stageSeconds.observe({ stage: 'queue' }, (laneMs + queue) / 1000);
  return outcome;
}

function toPrediction(result: ImageResult, { ontology, selection }: Search): Prediction {
  const { width, height, detections, degraded } = result;
  const selected = select(detections, selection);
  return {
    boxes: selected.map(({ box }): [number, number, number, number] => [box[0], box[1], box[2], box[3]]),
    scores: selected.map(({ score }) => score),
    labels: selected.map(({ classId }) => ontology.classes[classId]!.name),
    prompts: selected.map(({ queryId }) => ontology.queries[queryId]!.prompt),
    width,
    height,
    ...(degraded === undefined ? {} : { degraded }),
  };
}

/** Only the engine knows which prompts are too long for the model: an error of the request, not of the server. */
async function detectOrBlameOntology(detect: () => Promise<ImageOutcome>): Promise<ImageOutcome> {
  try {
    return await detect();
  } catch (error) {
    throw error instanceof PreannotateError && error.code === 'ONTOLOGY_INVALID' && !(error instanceof RequestError)
      ? invalidOntologyError(error)
      : error;
  }
}
