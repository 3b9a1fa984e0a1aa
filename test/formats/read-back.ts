import { expect } from 'vitest';
import type { Size } from '../../src/core/box.js';
import type { LabelledImage } from '../../src/core/data-set/data-set.js';
import type { ViewImage } from '../../src/core/image.js';
import type { Ontology } from '../../src/core/ontology.js';
import { promptOf } from '../../src/core/review/view-box.js';
import { compareUtf8 } from '../../src/core/text.js';
import { openDataSet } from '../../src/data-set/open.js';
import type { FormatName } from '../../src/formats/index.js';

/** Of corners, where it is not 0.01: as `fixtures/docs/formats.md` says. */
const ROUNDING: Partial<Record<FormatName, (size: Size) => number>> = {
  yolo: ({ width, height }) => 1e-6 * Math.max(width, height),
  voc: () => 1,
};
const EPSILON = 1e-9;

/** How far a corner may be off in a format, in pixels. */
export function toleranceOf(format: FormatName, size: Size): number {
  return (ROUNDING[format]?.(size) ?? 0.01) + EPSILON;
}

/** What files of a format have no place for. */
const LOST: Partial<Record<FormatName, readonly ('score' | 'prompt')[]>> = { yolo: ['prompt'] };

/** Formats whose files name no class that has no box. */
const LOSES_UNUSED_CLASSES: readonly FormatName[] = ['csv'];

/** Expects that the reader of a format, which is found by content, gives what was written. */
export async function expectReadBack(
  format: FormatName,
  path: string,
  { ontology, images }: { ontology: Ontology; images: readonly ViewImage[] },
): Promise<void> {
  const byName = new Map(images.map((image) => [image.name, image]));
  const read = await openDataSet(path, { sizeOf: ({ name }) => Promise.resolve(byName.get(name)) });
  expect(read.format).toBe(format);
  const found: LabelledImage[] = [];
  for await (const image of read.images) found.push(image);
  expect(found.map(({ name }) => name).sort(compareUtf8)).toEqual([...byName.keys()].sort(compareUtf8));
  for (const image of found) expectSame(format, image, { ontology, image: byName.get(image.name)! });
  const used = new Set(found.flatMap(({ boxes }) => boxes.map(({ className }) => className)));
  const classes = [...ontology.classes].sort((a, b) => a.id - b.id).map(({ name }) => name);
  const kept = LOSES_UNUSED_CLASSES.includes(format) ? classes.filter((name) => used.has(name)) : classes;
  expect(read.classes.map(({ name }) => name)).toEqual(kept);
}

function expectSame(
  format: FormatName,
  found: LabelledImage,
  { ontology, image }: { ontology: Ontology; image: ViewImage },
): void {
  const lost = LOST[format] ?? [];
  if (found.width !== undefined) expect([found.width, found.height]).toEqual([image.width, image.height]);
  const read = found.boxes.map(({ className, score, prompt }) => ({ className, score, prompt }));
  const written = image.detections.map((detection) => ({
    className: ontology.classes[detection.classId]!.name,
    score: lost.includes('score') ? undefined : detection.score,
    prompt: lost.includes('prompt') ? undefined : promptOf(detection, ontology),
  }));
  expect(read).toEqual(written);
  const off = found.boxes.flatMap(({ box }, i) =>
    box.map((at, edge) => Math.abs(at - image.detections[i]!.box[edge]!)),
  );
  expect(Math.max(0, ...off)).toBeLessThanOrEqual(toleranceOf(format, image));
}
