import type { FastifyInstance, FastifyRequest } from 'fastify';
import pLimit from 'p-limit';
import { z } from 'zod';
import { FAILURES } from '../../../core/errors.js';
import type { Ontology } from '../../../core/ontology.js';
import { regionsOf, taskScoreOf, type Region, type RegionTags } from '../../../formats/label-studio-region.js';
import { reportItemFailure } from '../../request/item-problem.js';
import { parseJson } from '../../request/json.js';
import { invalidConfigError, findRectangleLabels } from './label-config.js';
import { readTaskImage } from './task-image.js';
import { formatModelVersion, readRequestedLabels } from './requested-labels.js';
import { predict, type PredictContext, type Prediction } from '../../request/predict.js';
import { toNamedError } from '../../http/problem-details.js';
import { validate } from '../../request/readers.js';
import { admit, receive, receiveJson } from '../../request/receive.js';
import type { Server } from '../../server.js';

/** Label Studio sends what it has; what we do not know of is left alone. */
const SetupRequest = z.object({ schema: z.nullish(z.string()) });

/** Each is a closure and a line of the answer; the request's time ends before more could be annotated. */
const MAX_TASKS = 10_000;

const TasksRequest = z.object({
  tasks: z.array(z.object({ id: z.unknown(), data: z.record(z.string(), z.unknown()) })).max(MAX_TASKS),
  label_config: z.string(),
});

/** What Label Studio stores for a task, and why there is nothing where an image failed. */
interface TaskAnswer {
  readonly result: readonly Region[];
  readonly score: number;
  readonly model_version: string;
  readonly error?: object;
}

/** The ML backend protocol of Label Studio, below the address /label-studio that a project is given. */
export function labelStudioRoutes(app: FastifyInstance, server: Server): void {
  if (!server.job.settings.compat.includes('label-studio')) return;

  // Whether the model is open or not: Label Studio waits a second for this, and disconnects what does not answer.
  for (const path of ['/label-studio', '/label-studio/health']) {
    app.get(path, () => ({ status: 'UP', model_class: 'preannotate' }));
  }

  app.post('/label-studio/setup', (request) => setUp(request, server));

  app.post('/label-studio/predict', (request) => annotate(request, server));

  // Annotations that were made or changed. Nothing is learnt from them, but whoever sends them wants to hear that they came.
  for (const path of ['/label-studio/webhook', '/label-studio/train']) {
    app.post(path, (_request, reply) => reply.code(201).send({ status: 'ok' }));
  }
}

const MAX_AHEAD = 16; // projects that wait for their prompts to be encoded

/** What a project has before somebody has written its labelling config. */
const EMPTY_CONFIG = '<View></View>';

/** Label Studio waits three seconds for this, so it waits for no model: prompts are encoded while Label Studio goes on. */
async function setUp(request: FastifyRequest, server: Server): Promise<{ model_version: string }> {
  const { schema } = validate(SetupRequest, await receiveJson(request, server));
  const found = findRectangleLabels(schema?.trim() || EMPTY_CONFIG, '/schema');
  if (found === undefined) return { model_version: formatModelVersion(server, undefined) };
  const labels = await readRequestedLabels(found, server, '/schema');
  encodePrompts(labels.ontology, request, server);
  return { model_version: formatModelVersion(server, labels) };
}

/** The first image of a project need not wait for it then. Not for more projects than a server has. */
function encodePrompts(ontology: Ontology, request: FastifyRequest, server: Server): void {
  const { backend, encodeAhead } = server;
  if (backend === undefined || encodeAhead.pendingCount >= MAX_AHEAD) return;
  encodeAhead(() => backend.engine.prepare(ontology)).catch((error: unknown) => {
    const { code } = toNamedError(error);
    request.log.warn({ code, ...(code === 'INTERNAL' ? { err: error } : {}) }, "a project's prompts were not encoded");
  });
}

async function annotate(request: FastifyRequest, server: Server) {
  using share = admit(request, server);
  const atOnce = Math.min(server.job.settings.requestImages, server.job.settings.queueItems);
  const asked = await receive(request, { readers: createReaders(server), maxImages: MAX_TASKS }, { server, share });
  const { images, search, tags, version } = asked;
  share.grow({ items: Math.max(0, Math.min(images.length, atOnce) - 1), bytes: 0 });
  const lane = images.length > 1 ? 'bulk' : 'interactive'; // one task: somebody has opened it
  const context: PredictContext = { server, request: request.context, share, lane };
  const limit = pLimit(atOnce);
  const outcomes = await Promise.allSettled(images.map((image) => limit(() => predict(image, search, context))));
  throwIfNotComputed(outcomes);
  const results = outcomes.map((outcome, i): TaskAnswer => {
    const image = images[i]!.id ?? '';
    return outcome.status === 'rejected'
      ? { result: [], score: 0, model_version: version, error: reportItemFailure(outcome.reason, request, server) }
      : { ...toTaskResult(outcome.value, { tags, image }), model_version: version };
  });
  return { results, model_version: version };
}

function createReaders(server: Server) {
  const read = async (body: Buffer) => {
    const { tasks, label_config } = validate(TasksRequest, parseJson(body));
    const found = findRectangleLabels(label_config, '/label_config');
    if (found === undefined) throw invalidConfigError('/label_config', NO_RECTANGLES);
    const labels = await readRequestedLabels(found, server, '/label_config');
    const host = server.job.labelStudio;
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

/** @throws the first error that is no image's, so that the whole request fails and is asked again */
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
