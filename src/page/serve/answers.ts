/** The server's answers, as far as the page uses them; pure. */

/** A class and its prompts. */
export interface PromptedClass {
  readonly name: string;
  readonly id: number; // in annotation files, from 1
  readonly prompts: readonly string[];
}

/** Answer of /info. */
export interface Info {
  readonly preannotate: string; // version
  readonly model: { readonly reference: string };
  readonly classes: readonly (PromptedClass & { readonly threshold: number })[];
  readonly needs_ontology: boolean; // it has no classes of its own
  readonly templates: readonly string[];
  readonly canonical: boolean;
  readonly ignore: readonly string[];
  readonly score_floor: number;
  readonly server: { readonly max_image_bytes: number };
}

export interface Size {
  readonly width: number; // pixels of the upright image
  readonly height: number;
}

/** Answer of /predict. Entry i of each list is about box i; best score first. */
export interface PredictAnswer extends Size {
  readonly boxes: readonly Corners[];
  readonly scores: readonly number[];
  readonly labels: readonly string[];
  readonly prompts: readonly string[];
  readonly degraded?: string;
}

export type Corners = readonly [x1: number, y1: number, x2: number, y2: number]; // pixels of the upright image

/** One object found. */
export interface FoundBox {
  readonly label: string;
  readonly prompt: string;
  readonly score: number;
  readonly box: Corners;
}

export function toFoundBoxes({ boxes, scores, labels, prompts }: PredictAnswer): FoundBox[] {
  return boxes.map((box, i) => ({ box, score: scores[i]!, label: labels[i]!, prompt: prompts[i]! }));
}

/** The boxes that the server would return for this threshold: scores strictly above it. */
export function filterAbove(found: readonly FoundBox[], threshold: number): FoundBox[] {
  return found.filter(({ score }) => score > threshold);
}

/** The lowest threshold of the server's classes, so that the page first shows every box that a run would keep. */
export function initialThresholdOf({ classes, score_floor }: Info): number {
  if (classes.length === 0) return Math.max(score_floor, 0.3); // the visitor's own have no threshold
  return Math.max(score_floor, Math.min(1, ...classes.map(({ threshold }) => threshold)));
}
