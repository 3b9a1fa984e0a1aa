import type { FastifyRequest } from 'fastify';
import pLimit from 'p-limit';
import { z } from 'zod';
import { regionsOf, taskScoreOf, type Region } from '../../../formats/label-studio/region.js';
import { toNamedError, toProblemDetails } from '../../../http/problem-details.js';
import { RequestError } from '../../../http/request-error.js';
import { annotateRequest, reportItemFailure } from '../../request/annotate-request.js';
import { parseJson } from '../../request/json.js';
import type { Prediction } from '../../request/predict.js';
import { validate } from '../../request/content/validate.js';
import { jsonReaders, type Reader, type Received } from '../../request/readers.js';
import type { ServerState } from '../../request/server-state.js';
import { LabelStudioFiles, type LabelStudioHost } from './label-studio-host.js';
import { encodePrompts, readProject, type Project } from './project.js';
import { readTask, readTaskImage } from './task-image.js';

/** Bounds the memory of a request: each task is a closure and a line of the answer. More would not be done in time. */
const MAX_TASKS = 10_000;

const TasksRequest = z.object({ tasks: z.array(z.unknown()).max(MAX_TASKS), label_config: z.string() });

const POINTER = '/label_config';

/** What Label Studio stores for a task. */
interface TaskAnswer {
  readonly result: readonly Region[];
  readonly score: number;
  readonly model_version: string;
}

/**
 * In place of the prediction of a task that failed: a list of no predictions, for which Label Studio stores nothing. A
 * prediction without regions would be stored as "nothing found", and the task never sent again.
 *
 * @see Label Studio 1.22 `MLBackend._get_predictions_from_ml_backend`, which takes a list of predictions for each task
 */
const NO_PREDICTIONS = [] as const;

/** What a request for predictions holds. */
interface Tasks extends Received {
  readonly project: Project;
}

/**
 * Annotates the tasks of a request; one that fails affects no other, not even at the deadline.
 *
 * @param host - Where files of tasks are, if the server knows that.
 * @throws RequestError when no task could be annotated, with the code of the first failure
 */
export function annotateTasks(request: FastifyRequest, server: ServerState, host: LabelStudioHost | undefined) {
  const atOnce = Math.min(server.job.settings.requestImages, server.job.settings.queueItems);
  const readers = jsonReaders(createReader(server, host));
  const accepted = { readers, maxImages: MAX_TASKS, atOnce };
  return annotateRequest(request, { server, ...accepted }, async ({ images, project }, annotate) => {
    const limit = pLimit(atOnce);
    const outcomes = await Promise.allSettled(images.map((image) => limit(() => annotate(image))));
    const { context } = request;
    if (context.failure === 'CLIENT_GONE') throw context.signal.reason as Error;
    const results = outcomes.map((outcome, i): TaskAnswer | typeof NO_PREDICTIONS => {
      const id = images[i]!.id ?? '';
      if (outcome.status === 'fulfilled') return toTaskAnswer(outcome.value, project, id);
      reportFailure(outcome.reason, id, { request, server });
      return NO_PREDICTIONS;
    });
    const [first] = outcomes;
    if (first?.status === 'rejected' && results.every((result) => result === NO_PREDICTIONS)) {
      throw noTaskAnnotatedError(first.reason, { id: images[0]!.id ?? '', count: images.length, request });
    }
    return { results, model_version: project.version };
  });
}

function createReader(server: ServerState, host: LabelStudioHost | undefined): Reader<Tasks> {
  return async (body, { context }) => {
    const { tasks, label_config } = validate(TasksRequest, parseJson(body));
    const project = await readProject(label_config, server, POINTER);
    await encodePrompts(project, server.requireStarted(), { pointer: POINTER, signal: context.signal });
    const { dataKey } = project.boxes;
    const files = host === undefined ? undefined : new LabelStudioFiles(host);
    const images = tasks.map((task, index) => readTaskImage(readTask(task, index), { index, dataKey, files }));
    return { images, options: { ontology: project.mapping }, project };
  };
}

function toTaskAnswer(
  { boxes, labels, scores, width, height }: Prediction,
  { boxes: tags, version }: Project,
  image: string,
): TaskAnswer {
  const found = boxes.map((box, i) => ({ box, label: labels[i]!, score: scores[i]! }));
  const result = regionsOf(found, { width, height }, { tags, image });
  return { result, score: taskScoreOf(scores), model_version: version };
}

function reportFailure(
  error: unknown,
  task: string,
  { request, server }: { request: FastifyRequest; server: ServerState },
): void {
  const { code, message: reason } = toNamedError(error); // no message holds an address, which may be a signed one
  reportItemFailure(error, request, server);
  request.log.warn({ task, code, reason }, 'a task was not annotated');
}

function noTaskAnnotatedError(
  error: unknown,
  { id, count, request }: { id: string; count: number; request: FastifyRequest },
): RequestError {
  const { body, headers } = toProblemDetails(error, request.id);
  const what =
    count === 1
      ? `Task ${id} could not be annotated`
      : `None of the ${count} tasks could be annotated; the first, task ${id}`;
  const message = `${what}: ${body.detail}`;
  return new RequestError(toNamedError(error).code, message, { headers, errors: body.errors ?? [] });
}
