import { formatDevice } from '../../core/device.js';
import { ruleFor } from '../../core/inference/example-rule.js';
import { specOf } from '../../core/ontology.js';
import { toSeenExamples } from '../../core/seen-example.js';
import { NMS_IOU } from '../../core/select.js';
import { sha256Of } from '../../disk/cache.js';
import { traitsOf } from '../../model/families.js';
import { formOf } from '../../model/input-form.js';
import type { Backend, ServeJob, ServerState } from '../request/server-state.js';

/** The answer of /info. @throws RequestError NOT_READY */
export function describeServer(server: ServerState) {
  const { job, startedAt } = server;
  const { ontology, selection, statedSelection, worker } = job;
  const backend = server.requireAccepting();
  const { thresholds, nmsIou, maxDetections } = selection;
  return {
    preannotate: job.version,
    started: startedAt.toISOString(),
    uptime_sec: Math.floor((Date.now() - startedAt.getTime()) / 1000),
    model: describeModel(backend, job),
    classes: ontology.classes.map(({ name, id, prompts }, i) => {
      return { name, id, prompts, threshold: thresholds[i]!, nms_iou: nmsIou === null ? null : nmsIou[i]! };
    }),
    examples: toSeenExamples(backend.examples, ontology),
    needs_ontology: ontology.classes.length === 0,
    templates: ontology.templates,
    canonical: ontology.canonical ?? false,
    ignore: ontology.ignore,
    ontology_sha256: sha256Of(JSON.stringify(specOf(ontology))),
    score_floor: worker.scoreFloor,
    min_objectness: worker.minObjectness ?? null,
    example_rule: ruleFor(traitsOf(backend.model.checkpoint), worker.exampleRule),
    nms_iou: statedSelection.nmsIou === 'auto' ? NMS_IOU.prompts : statedSelection.nmsIou,
    max_detections: maxDetections,
    server: describeLimits(backend, job),
  };
}

function describeModel({ model }: Backend, job: ServeJob) {
  const { reference, sha256, checkpoint, precision } = model;
  const { height, width } = traitsOf(checkpoint).inputSize(job.worker.imageSize);
  const { fit, positions } = formOf(job, model);
  return { reference, sha256, type: checkpoint.modelType, precision, image_size: [height, width], fit, positions };
}

/** Named as in LitServe where it has the same setting. */
function describeLimits({ engine }: Backend, { settings, worker, features }: ServeJob) {
  const { devices, workersPerDevice, maxBatchSize } = engine.placement;
  return {
    devices: devices.map(formatDevice),
    workers_per_device: workersPerDevice,
    max_batch_size: maxBatchSize,
    batching_timeout_sec: settings.batchingTimeoutSec,
    timeout: settings.timeoutSec,
    max_payload_size: settings.bodyLimit,
    max_image_bytes: worker.maxBytes,
    max_image_pixels: worker.maxPixels,
    max_request_images: settings.requestImages,
    queue_items: settings.queueItems,
    queue_bytes: settings.queueBytes,
    answer_cache_bytes: settings.answerCache,
    features: features === undefined ? 'none' : features.isReadOnly === true ? 'read' : 'read and write',
    stream: false,
    track_requests: true,
  };
}
