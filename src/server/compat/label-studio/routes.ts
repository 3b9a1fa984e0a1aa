import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import pLimit, { type LimitFunction } from 'p-limit';
import { z } from 'zod';
import { FAILURES } from '../../../core/errors.js';
import { regionsOf, taskScoreOf, type Region, type RegionTags } from '../../../formats/label-studio-region.js';
import type { Operation } from '../../http/operation.js';
import { annotateRequest, reportItemFailure } from '../../request/annotate-request.js';
import { parseJson } from '../../request/json.js';
import { invalidConfigError, findRectangleLabels } from './label-config.js';
import { parseLabelStudioHost, readTaskImage } from './task-image.js';
import { OPERATIONS } from './operations.js';
import { formatModelVersion, readRequestedLabels } from './requested-labels.js';
import type { Prediction } from '../../request/predict.js';
import { toNamedError } from '../../http/problem-details.js';
import { validate } from '../../request/readers.js';
import { receiveJson } from '../../request/receive.js';
import type { ServerState } from '../../request/server-state.js';

/** Label Studio sends more fields than are used here. */
const SetupRequest = z.object({ schema: z.nullish(z.string()) });

/** Bounds the memory of a request: each task is a closure and a line of the answer. More would not be done in time. */
const MAX_TASKS = 10_000;

const TasksRequest = z.object({
  tasks: z.array(z.object({ id: z.unknown(), data: z.record(z.string(), z.unknown()) })).max(MAX_TASKS),
  label_config: z.string(),
});

/** What Label Studio stores for a task; `error` is the reason where the image failed. */
interface TaskAnswer {
  readonly result: readonly Region[];
  readonly score: number;
  readonly model_version: string;
  readonly error?: object;
}

/** The ML backend protocol of Label Studio, below the address /label-studio that a project is given. */
export function registerLabelStudio(app: FastifyInstance, server: ServerState): void {
  const encodeAhead = pLimit(1); // for prompts of projects whose images have not been requested yet
  const describe = (operation: Operation | 'undocumented') => ({ config: { operation } });

  // Label Studio waits one second for this and disconnects a backend that does not answer, so no model is needed.
  const health = () => ({ status: 'UP', model_class: 'preannotate' });
  app.get('/label-studio', describe('undocumented'), health); // the same
  app.get('/label-studio/health', describe(OPERATIONS.health), health);

  app.post('/label-studio/setup', describe(OPERATIONS.setUp), (request) => setUp(request, server, encodeAhead));

  app.post('/label-studio/predict', describe(OPERATIONS.predict), (request) => annotateTasks(request, server));

  // Annotations that were made or changed. The model does not learn from them, but Label Studio expects an answer.
  const acknowledge = (_request: FastifyRequest, reply: FastifyReply) => reply.code(201).send({ status: 'ok' });
  app.post('/label-studio/webhook', describe(OPERATIONS.webhook), acknowledge);
  app.post('/label-studio/train', describe(OPERATIONS.train), acknowledge);
}

const MAX_AHEAD = 16; // projects that wait for their prompts to be encoded

/** The labelling config of a new project. */
const EMPTY_CONFIG = '<View></View>';

/** Label Studio waits three seconds for this, so prompts are encoded in the background. */
async function setUp(
  request: FastifyRequest,
  server: ServerState,
  encodeAhead: LimitFunction,
): Promise<{ model_version: string }> {
  const { schema } = validate(SetupRequest, await receiveJson(request, server));
  const found = findRectangleLabels(schema?.trim() || EMPTY_CONFIG, '/schema');
  if (found === undefined) return { model_version: formatModelVersion(server, undefined) };
  const labels = await readRequestedLabels(found, server, '/schema');
  const { backend } = server;
  if (backend !== undefined && encodeAhead.pendingCount < MAX_AHEAD) {
    encodeAhead(() => backend.engine.prepare(labels.ontology)).catch((error: unknown) => {
      const { code } = toNamedError(error);
      const cause = code === 'INTERNAL' ? { err: error } : {};
      request.log.warn({ code, ...cause }, "a project's prompts were not encoded");
    });
  }
  return { model_version: formatModelVersion(server, labels) };
}

function annotateTasks(request: FastifyRequest, server: ServerState) {
  const atOnce = Math.min(server.job.settings.requestImages, server.job.settings.queueItems);
  const accepted = { readers: createReaders(server), maxImages: MAX_TASKS, atOnce };
  return annotateRequest(request, { server, ...accepted }, async ({ images, tags, version }, annotate) => {
    const limit = pLimit(atOnce);
    const outcomes = await Promise.allSettled(images.map((image) => limit(() => annotate(image))));
    throwIfNotComputed(outcomes);
    const results = outcomes.map((outcome, i): TaskAnswer => {
      const image = images[i]!.id ?? '';
      return outcome.status === 'rejected'
        ? { result: [], score: 0, model_version: version, error: reportItemFailure(outcome.reason, request, server) }
        : { ...toTaskResult(outcome.value, { tags, image }), model_version: version };
    });
    return { results, model_version: version };
  });
}

function createReaders(server: ServerState) {
  const { labelStudioUrl: url } = server.job.settings;
  const host = url === undefined ? undefined : parseLabelStudioHost(url, server.job.labelStudioApiKey);
  const read = async (body: Buffer) => {
    const { tasks, label_config } = validate(TasksRequest, parseJson(body));
    const found = findRectangleLabels(label_config, '/label_config');
    if (found === undefined) throw invalidConfigError('/label_config', NO_RECTANGLES);
    const labels = await readRequestedLabels(found, server, '/label_config');
    const images = tasks.map(({ id, data }, index) => {
      const isId = typeof id === 'number' || typeof id === 'string';
      return readTaskImage({ id: isId ? String(id) : `#${index}`, data }, { index, dataKey: found.dataKey, host });
    });
    const tags: RegionTags = found;
    return { images, options: { ontology: labels.mapping }, tags, version: formatModelVersion(server, labels) };
  };
  return { 'application/json': read };
}

const NO_RECTANGLES =
  'It has no RectangleLabels with labels whose toName is an Image with a value such as "$image"; boxes need that.';

/**
 * An image that was not computed must not be answered with no boxes, which Label Studio would store.
 *
 * @throws the first error that is not an image's fault, so that the whole request fails and Label Studio repeats it
 */
function throwIfNotComputed(outcomes: readonly PromiseSettledResult<Prediction>[]): void {
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue;
    if (FAILURES[toNamedError(outcome.reason).code].retriesInLabelStudio) throw outcome.reason;
  }
}

function toTaskResult(
  { boxes, labels, scores, width, height }: Prediction,
  owner: { tags: RegionTags; image: string },
): Pick<TaskAnswer, 'result' | 'score'> {
  const found = boxes.map((box, i) => ({ box, label: labels[i]!, score: scores[i]! }));
  return { result: regionsOf(found, { width, height }, owner), score: taskScoreOf(scores) };
}
