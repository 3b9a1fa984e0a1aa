import { deviceName } from '../../core/device.js';
import { specOf } from '../../core/ontology.js';
import { sha256Of } from '../../disk/cache.js';
import { traitsOf } from '../../model/families.js';
import type { ServerState } from '../request/server-state.js';

/** The answer of /info. @throws RequestError NOT_READY */
export function describeServer(server: ServerState) {
  const { job, startedAt } = server;
  const { settings, ontology, selection, worker } = job;
  const { model, engine } = server.requireAccepting();
  const { devices, workersPerDevice, maxBatchSize } = engine.placement;
  return {
    preannotate: job.version,
    started: startedAt.toISOString(),
    uptime_sec: Math.floor((Date.now() - startedAt.getTime()) / 1000),
    model: {
      reference: model.reference,
      sha256: model.sha256,
      type: model.checkpoint.modelType,
      precision: model.precision,
      image_size: toPair(traitsOf(model.checkpoint).inputSize(worker.imageSize)),
    },
    classes: ontology.classes.map(({ name, id, prompts }, i) => ({
      name,
      id,
      prompts,
      threshold: selection.thresholds[i]!,
    })),
    templates: ontology.templates,
    ignore: ontology.ignore,
    ontology_sha256: sha256Of(JSON.stringify(specOf(ontology))),
    score_floor: worker.scoreFloor,
    nms_iou: selection.nmsIou,
    max_detections: selection.maxDetections,
    server: {
      devices: devices.map(deviceName),
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
      stream: false,
      track_requests: true,
    },
  };
}

function toPair({ height, width }: { height: number; width: number }): [height: number, width: number] {
  return [height, width];
}
