import { NMS_IOU } from '../../../core/select.js';
import { MEASURED_ON, PUBLISHED, type PublishedCheckpoint } from '../../../model/published/checkpoints.js';
import { leftTable } from '../../figures/table.js';

/** What each kind is for. */
const USES = [
  'builtin:emoji: to try the tool. owlvit-base-patch32: for a quick start. owlv2-base-patch16-ensemble: good drafts',
  'in reasonable time. owlv2-large-patch14-finetuned: best for everyday classes. Conversions to ONNX in the layout of',
  'transformers.js, and fine-tuned models of these kinds, can be used by their names on the Hugging Face Hub too.',
];

/** What a published checkpoint reaches, costs and is best used with, by the names of config files. */
export function publishedToJson({ settings, sources, ...known }: PublishedCheckpoint) {
  const { imagesPerSec, relativeTime } = known;
  return {
    id: known.id,
    lvis_ap: known.lvisAp,
    lvis_ap_rare: known.lvisApRare,
    image_size: known.imageSide,
    weights_mb: known.weightsMb,
    relative_time: { ...relativeTime },
    ...(imagesPerSec === undefined ? {} : { images_per_sec: { ...imagesPerSec, measured_on: MEASURED_ON } }),
    recommended: {
      score_threshold: settings.scoreThreshold,
      templates: settings.templates,
      fit: settings.fit,
      nms_iou: NMS_IOU.prompts,
      nms_iou_with_examples: NMS_IOU.examples,
    },
    sources,
  };
}

/** All published checkpoints as a table for a terminal, and what its columns mean. */
export function formatPublishedTable(isHere: (id: string) => boolean): string[] {
  const head = ['published', 'LVIS AP', 'rare', 'input', 'weights', 'time', 'threshold', 'templates', 'fit', 'here'];
  const rows = PUBLISHED.map((one) => [...cellsOf(one), isHere(one.id) ? 'yes' : '-']);
  return [
    ...leftTable([head, ...rows]),
    'LVIS AP: accuracy on the LVIS data set, as published; rare: on its rare classes. Input: side in pixels.',
    'Time: for one image, compared with owlvit-base-patch32 (~: computed, not measured). Here: downloaded already.',
    'Download one: preannotate models pull <name>, or give it as --model.',
    'Threshold, templates, fit: recommended for prompts, ' +
      `with an nms_iou of ${NMS_IOU.prompts} (${NMS_IOU.examples} with examples).`,
    ...USES,
    'Measure the speed on this machine, which is then shown above: preannotate bench --model <name>',
    'Speeds elsewhere, and sources: preannotate models list --json',
  ];
}

/** Cells of a row: name, AP, rare AP, input, weights, time, threshold, templates, fit. */
export function cellsOf({ id, settings, relativeTime, ...known }: PublishedCheckpoint): string[] {
  return [
    id,
    known.lvisAp.toFixed(1),
    known.lvisApRare.toFixed(1),
    String(known.imageSide),
    `${known.weightsMb} MB`,
    formatTime(relativeTime),
    String(settings.scoreThreshold),
    settings.templates,
    settings.fit,
  ];
}

/** The same for one checkpoint, as lines below its own facts. */
export function formatPublished({ settings, relativeTime, ...known }: PublishedCheckpoint): string[] {
  const { imagesPerSec } = known;
  const measured =
    imagesPerSec === undefined
      ? ''
      : `, ${imagesPerSec.fp32} images/s in fp32, ${imagesPerSec.int8} in int8 (${MEASURED_ON})`;
  return [
    `  published  ${known.id}: LVIS AP ${known.lvisAp.toFixed(1)}, of rare classes ${known.lvisApRare.toFixed(1)}`,
    `  time       of an image ${formatTime(relativeTime)} that of owlvit-base-patch32${measured}`,
    `  settings   recommended: score_threshold ${settings.scoreThreshold}, templates ${settings.templates}, ` +
      `fit ${settings.fit}, nms_iou ${NMS_IOU.prompts} (${NMS_IOU.examples} with examples)`,
  ];
}

/** `9.5x`, or `~31x` where it was computed from the sizes of the model. */
function formatTime({ value, how }: PublishedCheckpoint['relativeTime']): string {
  return `${how === 'computed' ? '~' : ''}${value}x`;
}
