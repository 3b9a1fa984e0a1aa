/** What the server says, as far as the page uses it; pure. */

/** A class and how it is looked for. */
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
  readonly templates: readonly string[];
  readonly ignore: readonly string[];
  readonly score_floor: number;
  readonly server: { readonly max_image_bytes: number };
}

export interface Size {
  readonly width: number; // pixels of the upright image
  readonly height: number;
}

/** Answer of /predict. Entry i of each list is about box i; best score first. */
export interface Answer extends Size {
  readonly boxes: readonly Corners[];
  readonly scores: readonly number[];
  readonly labels: readonly string[];
  readonly prompts: readonly string[];
  readonly degraded?: string;
}

export type Corners = readonly [x1: number, y1: number, x2: number, y2: number]; // pixels of the upright image

/** One object found. */
export interface Found {
  readonly label: string;
  readonly prompt: string;
  readonly score: number;
  readonly box: Corners;
}

export function foundOf({ boxes, scores, labels, prompts }: Answer): Found[] {
  return boxes.map((box, i) => ({ box, score: scores[i]!, label: labels[i]!, prompt: prompts[i]! }));
}

/** Those that the server would have answered for this threshold: strictly above it, as there. */
export function above(found: readonly Found[], threshold: number): Found[] {
  return found.filter(({ score }) => score > threshold);
}

/** Where the threshold starts: the lowest that the server itself uses, so that the page first shows what a run would. */
export function firstThreshold({ classes, score_floor }: Info): number {
  return Math.max(score_floor, Math.min(1, ...classes.map(({ threshold }) => threshold)));
}
