import type { Xyxy } from '../box.js';
import type { Change, DecidedBox, Decision } from './decision.js';

/** A box of the model that was kept: id, place in `of`, corners, score. */
export type KeptRow = readonly [id: string, of: number, x1: number, y1: number, x2: number, y2: number, score: number];

/** Boxes of the model that were kept as they are, one after the other: most of what people decide. */
export interface KeptBoxes {
  readonly of: readonly (readonly [name: string, prompt: string])[]; // each class once with each of its prompts
  readonly kept: readonly KeptRow[];
}

/** The same changes, as files and answers have them: in a third of the characters. */
export type CompactChange = Change | ({ readonly op: 'keep' } & KeptBoxes);

/** What is decided about an image, as answers have it. */
export type CompactDecision = Omit<Decision, 'boxes'> & { readonly boxes: readonly (DecidedBox | KeptBoxes)[] };

export function toCompactChanges(changes: readonly Change[]): CompactChange[] {
  return compact(changes, (change) => (change.op === 'set' ? change.box : undefined)).map((one) =>
    'kept' in one ? { op: 'keep', ...one } : one,
  );
}

export function fromCompactChanges(changes: readonly CompactChange[]): readonly Change[] {
  if (!changes.some(({ op }) => op === 'keep')) return changes as readonly Change[];
  return changes.flatMap((change): Change | Change[] =>
    change.op === 'keep' ? toBoxes(change).map((box) => ({ op: 'set', box })) : change,
  );
}

export function toCompactDecision({ boxes, ...decision }: Decision): CompactDecision {
  return { ...decision, boxes: compact(boxes, (box) => box) };
}

export function fromCompactDecision({ boxes, ...decision }: CompactDecision): Decision {
  return { ...decision, boxes: boxes.flatMap((one) => ('kept' in one ? toBoxes(one) : one)) };
}

/** Joins kept boxes that follow each other. */
function compact<Item extends object>(
  items: readonly Item[],
  boxOf: (item: Item) => DecidedBox | undefined,
): (Item | KeptBoxes)[] {
  const joined: (Item | KeptBoxes)[] = [];
  let rows: KeptRow[] | undefined;
  let of: [string, string][] = [];
  let places = new Map<string, number>();
  for (const item of items) {
    const box = boxOf(item);
    if (box === undefined || !isKeptAsFound(box)) {
      joined.push(item);
      rows = undefined;
      continue;
    }
    if (rows === undefined) {
      rows = [];
      of = [];
      places = new Map();
      joined.push({ of, kept: rows });
    }
    const key = JSON.stringify([box.class, box.prompt]);
    const place = places.get(key) ?? of.push([box.class, box.prompt]) - 1;
    places.set(key, place);
    const [x1, y1, x2, y2] = box.box;
    rows.push([box.id, place, x1, y1, x2, y2, box.score]);
  }
  return joined;
}

function isKeptAsFound(box: DecidedBox): box is DecidedBox & { readonly prompt: string; readonly score: number } {
  const { status, prompt, score, from } = box;
  return (
    status === 'kept' && prompt !== undefined && score !== undefined && from?.every((v, i) => v === box.box[i]) === true
  );
}

function toBoxes({ of, kept }: KeptBoxes): DecidedBox[] {
  return kept.map(([id, place, x1, y1, x2, y2, score]): DecidedBox => {
    const [name, prompt] = of[place]!;
    const box: Xyxy = [x1, y1, x2, y2];
    return { id, status: 'kept', class: name, box, from: box, prompt, score };
  });
}
