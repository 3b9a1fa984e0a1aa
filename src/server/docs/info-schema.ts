import { arrayOf, BOOLEAN, INTEGER, NUMBER, NUMBER_OR_NULL, objectOf, TEXT } from '../../http/operation.js';

/** Schema of the answer of /info; see `info.ts`. */
export const INFO = objectOf({
  preannotate: TEXT,
  started: TEXT,
  uptime_sec: INTEGER,
  model: objectOf({
    reference: TEXT,
    sha256: TEXT,
    type: TEXT,
    precision: TEXT,
    image_size: arrayOf(INTEGER),
    fit: TEXT,
    positions: TEXT,
  }),
  classes: arrayOf(
    objectOf({ name: TEXT, id: INTEGER, prompts: arrayOf(TEXT), threshold: NUMBER, nms_iou: NUMBER_OR_NULL }),
  ),
  examples: arrayOf(objectOf({ example: TEXT, 'class?': TEXT, box: arrayOf(NUMBER), iou: NUMBER })),
  needs_ontology: BOOLEAN, // each request has to say what to find
  templates: arrayOf(TEXT),
  canonical: BOOLEAN,
  ignore: arrayOf(TEXT),
  ontology_sha256: TEXT,
  score_floor: NUMBER,
  min_objectness: NUMBER_OR_NULL,
  example_rule: TEXT,
  nms_iou: NUMBER_OR_NULL,
  max_detections: INTEGER,
  server: objectOf({
    devices: arrayOf(TEXT),
    workers_per_device: INTEGER,
    max_batch_size: INTEGER,
    batching_timeout_sec: NUMBER,
    timeout: NUMBER,
    max_payload_size: INTEGER,
    max_image_bytes: INTEGER,
    max_image_pixels: INTEGER,
    max_request_images: INTEGER,
    queue_items: INTEGER,
    queue_bytes: INTEGER,
    answer_cache_bytes: INTEGER,
    features: TEXT, // none, read, or read and write
    stream: BOOLEAN,
    track_requests: BOOLEAN,
  }),
});
