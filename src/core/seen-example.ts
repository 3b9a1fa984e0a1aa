import type { Xyxy } from './box.js';
import { IGNORED, labelOf, type Example, type Ontology } from './ontology.js';

/** Where the model sees the object of an example: the query is taken from there. */
export interface ExampleChoice {
  readonly box: Xyxy; // as predicted, in pixels of the upright image; it may reach beyond it
  readonly iou: number; // with the example's box, or with all of its image: above 0, at most 1
}

/** An example of an ontology, as the model sees it. */
export interface ChosenExample {
  readonly example: Example;
  readonly classId: number; // index into `classes`, or IGNORED
  readonly choice: ExampleChoice;
}

/** The same, as run.json and /info have it. */
export interface SeenExample extends ExampleChoice {
  readonly example: string; // as results name it
  readonly class?: string; // none of an ignored one
}

export function toSeenExamples(examples: readonly ChosenExample[], { classes }: Ontology): SeenExample[] {
  return examples.map(({ example, classId, choice }) => ({
    example: labelOf(example),
    ...(classId === IGNORED ? {} : { class: classes[classId]!.name }),
    ...choice,
  }));
}
