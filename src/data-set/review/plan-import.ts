import { stat } from 'node:fs/promises';
import type { LabelledImage } from '../../core/data-set/data-set.js';
import type { Detection } from '../../core/detection.js';
import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import type { Change, DecidedBox, Decision } from '../../core/review/decision.js';
import { select, type Selection } from '../../core/select.js';
import type { ModelBox } from '../../core/review/model-box.js';
import { decideBoxes } from './decide-boxes.js';
import { toDrawnBoxes, type LeftOutBoxes } from './drawn-boxes.js';

/** What becomes of an image of the run that the data set has. */
export type Fate =
  | 'accepted' // had not been decided on
  | 'replaced' // had been, before the data set was written, or is overwritten
  | 'unchanged' // is accepted with these boxes already
  | 'newer' // was decided on after the data set was written, and stays as it is
  | 'otherSize'; // has another size in the data set, and is left out

export interface PlannedImage {
  readonly fate: Fate;
  readonly target: readonly DecidedBox[]; // what is decided about it afterwards
  readonly changes: readonly Change[];
}

/** An image of the run, with what the data set and the review have about it. */
export interface ImageToImport {
  readonly image: ViewImage;
  readonly labelled: LabelledImage;
  readonly latest: Decision | undefined; // about these bytes or others
}

/** Decides what becomes of images. */
export class ImportPlan {
  readonly #ontology: Ontology;
  readonly #selection: Selection;
  readonly #leftOut: LeftOutBoxes;
  readonly #overwrite: boolean;
  readonly #writeTimes = new Map<string, number>(); // of files with labels, in milliseconds since 1970

  constructor(run: { ontology: Ontology; selection: Selection }, overwrite: boolean, leftOut: LeftOutBoxes) {
    this.#ontology = run.ontology;
    this.#selection = run.selection;
    this.#overwrite = overwrite;
    this.#leftOut = leftOut;
  }

  async of({ image, labelled, latest }: ImageToImport): Promise<PlannedImage> {
    if (hasOtherSize(labelled, image)) return { fate: 'otherSize', target: [], changes: [] };
    const earlier = latest?.sha256 === image.sha256 ? latest : undefined;
    const before = earlier ?? { state: 'open', boxes: [] };
    const shown = select(image.stored, this.#selection).map((found) => this.#toModelBox(found));
    const stored = image.stored.map((found) => this.#toModelBox(found));
    const drawn = toDrawnBoxes(labelled, { ...image, stored }, this.#leftOut);
    const target = decideBoxes(drawn, { shown, stored, before });
    const changes = changesTo(target, before);
    return { fate: await this.#fateOf(changes, { earlier, file: labelled.file }), target, changes };
  }

  async #fateOf(
    changes: readonly Change[],
    { earlier, file }: { readonly earlier: Decision | undefined; readonly file: string },
  ): Promise<Fate> {
    if (earlier === undefined || (earlier.state === 'open' && earlier.boxes.length === 0)) return 'accepted';
    if (changes.length === 0) return 'unchanged';
    return !this.#overwrite && Date.parse(earlier.at) > (await this.#writtenAt(file)) ? 'newer' : 'replaced';
  }

  async #writtenAt(file: string): Promise<number> {
    const known = this.#writeTimes.get(file);
    if (known !== undefined) return known;
    const { mtimeMs } = await stat(file);
    this.#writeTimes.set(file, mtimeMs);
    return mtimeMs;
  }

  #toModelBox({ patchId, classId, queryId, score, box }: Detection): ModelBox {
    const { classes, queries } = this.#ontology;
    return { patchId, class: classes[classId]!.name, prompt: queries[queryId]!.prompt, score, box };
  }
}

function changesTo(target: readonly DecidedBox[], { state, boxes }: Pick<Decision, 'state' | 'boxes'>): Change[] {
  const before = new Map(boxes.map((box) => [box.id, toText(box)]));
  const ids = new Set(target.map(({ id }) => id));
  const gone = boxes.filter(({ id }) => !ids.has(id));
  const changed = target.filter((box) => before.get(box.id) !== toText(box));
  return [
    ...gone.map(({ id }): Change => ({ op: 'forget', id })),
    ...changed.map((box): Change => ({ op: 'set', box })),
    ...(state === 'accepted' ? [] : [{ op: 'state', state: 'accepted' } as const]),
  ];
}

/** Whatever the order of its keys, which other writers may have in another one. */
function toText(box: DecidedBox): string {
  return JSON.stringify(Object.entries(box).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function hasOtherSize({ width, height }: LabelledImage, image: ViewImage): boolean {
  return (width ?? image.width) !== image.width || (height ?? image.height) !== image.height;
}
