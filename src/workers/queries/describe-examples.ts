import { findPlace, labelOf, type OntologyPlaces } from '../../core/ontology.js';
import type { ChosenExample } from '../../core/seen-example.js';
import { printable } from '../../core/text.js';

/** A box that overlaps less may be that of another object, or of a part. */
const DOUBTFUL_IOU = 0.5;

/**
 * A line for each example: where the model sees its object. An IoU below 0.5 adds where the example was written, and
 * what to do.
 */
export function describeExamples(examples: readonly ChosenExample[], places: OntologyPlaces): string[] {
  return examples.map(({ example, choice: { box, iou } }) => {
    const label = labelOf(example);
    const of = example.box === undefined ? ' with the whole image' : '';
    const seen = `${printable(label)}: the model's box is [${box.join(', ')}], IoU ${iou.toFixed(2)}${of}.`;
    if (iou >= DOUBTFUL_IOU) return seen;
    const advice =
      example.box === undefined
        ? 'draw a box around the object that is meant'
        : 'draw the box closely around one object';
    return `${seen} It may stand for something else (${findPlace(places, label)}): ${advice}, or take another image.`;
  });
}
