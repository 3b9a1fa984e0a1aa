import { findPlace, labelOf, type OntologyPlaces } from '../../core/ontology.js';
import type { ChosenExample } from '../../core/seen-example.js';
import { printable } from '../../core/text.js';

/** A box that overlaps less may be that of another object, or of a part. */
const DOUBTFUL_IOU = 0.5;

/** Where the model sees the object of an example, in a line. */
interface ExampleReport {
  readonly text: string;
  readonly isDoubtful: boolean; // IoU below 0.5: the line also has where the example was written, and what to do
}

/** A report on each example. */
export function describeExamples(examples: readonly ChosenExample[], places: OntologyPlaces): ExampleReport[] {
  return examples.map(({ example, choice: { box, iou } }) => {
    const label = labelOf(example);
    const of = example.box === undefined ? ' with the whole image' : '';
    const seen = `${printable(label)}: the model's box is [${box.join(', ')}], IoU ${iou.toFixed(2)}${of}.`;
    if (iou >= DOUBTFUL_IOU) return { text: seen, isDoubtful: false };
    const advice =
      example.box === undefined
        ? 'draw a box around the object that is meant'
        : 'draw the box closely around one object';
    const place = findPlace(places, label);
    const text = `${seen} It may stand for something else (${place}): ${advice}, or take another image.`;
    return { text, isDoubtful: true };
  });
}
