import { z } from 'zod';
import { NMS_IOU } from '../../core/select.js';
import { metaOf } from './meta.js';
import * as value from './values.js';

/**
 * Which of the stored detections are shown. Flags, variables, config files, fields of requests and run.json all follow
 * from these declarations; `core/select.ts` uses the values. Keys are spelled as users type them.
 */
export const selectionOptions = {
  score_threshold: value
    .fraction()
    .default(0.1)
    .describe(
      'Keep detections scoring above this (0 to 1): lower finds more, and more wrong boxes. A flag, a variable or a ' +
        "request takes precedence over the ontology's threshold",
    )
    .meta({
      flag: { group: 'boxes', basic: true, placeholder: 'x' },
      request: { note: 'Must not be below the score_floor of /info' },
    }),
  nms_iou: z
    .exactOptional(value.fraction())
    .describe(
      'Of boxes of one class that overlap more than this (IoU, 0 to 1), keep the best: lower merges neighbours, ' +
        `higher keeps duplicates. Where it is not set: ${NMS_IOU.prompts}, and ${NMS_IOU.examples} for classes with ` +
        'example images',
    )
    .meta({ examples: [0.5], flag: { group: 'boxes', basic: true, placeholder: 'x' } }),
  nms: value
    .toggle()
    .default(true)
    .describe('Suppress overlapping boxes')
    .meta({ flag: { group: 'boxes', negation: 'Keep every overlapping box' } }),
  class_agnostic_nms: value
    .toggle()
    .default(false)
    .describe('Let boxes of different classes suppress each other: one box for each object, whatever its class')
    .meta({ flag: { group: 'boxes' } }),
  max_detections: value
    .wholeBetween(1, 10_000)
    .default(300)
    .describe('Maximum number of boxes of an image, best first; a crowded image may need more')
    .meta({ flag: { group: 'boxes', placeholder: 'n' } }),
};

/** The same options as fields of a request: what is left out is as the server was started. */
export const selectionFields = Object.fromEntries(
  Object.entries(selectionOptions).map(([key, option]) => [key, fieldOf(option)]),
) as {
  [Key in keyof typeof selectionOptions]: z.ZodExactOptional<ReturnType<(typeof selectionOptions)[Key]['unwrap']>>;
};

function fieldOf(option: z.ZodDefault | z.ZodExactOptional): z.ZodType {
  const { description = '', request } = metaOf(option);
  const text = request === undefined ? description : `${description}. ${request.note}`;
  return z.exactOptional(option.unwrap()).describe(text);
}
