import { basename, extname, resolve } from 'node:path';
import { colourOfClass } from '../../core/drawing/class-colours.js';
import { labelOf, type Example, type Ontology } from '../../core/ontology.js';
import type { SeenExample } from '../../core/seen-example.js';
import type { ImageHashes } from './image-hashes.js';
import type { PreviewRequest } from './preview-artist.js';

const FOLDER = 'examples';
const ENDING = '.jpeg'; // previews of images end in .jpg: no image can have the name of an example's picture
const MAX_STEM = 50; // characters; a file name has at most 255 bytes

/** Where the model sees the objects of examples, and where their images are. */
export interface SeenExamples {
  readonly folder: string; // absolute; the images of examples are relative to it
  readonly seen: readonly SeenExample[];
}

/** The picture of one example: its box and the model's. */
export interface ExamplePicture {
  readonly path: string; // in the folder of previews
  readonly label: string;
  readonly request: Omit<PreviewRequest, 'target' | 'limits'> | undefined; // undefined when it cannot be drawn any more
}

/**
 * The pictures of the examples of an ontology, in its order. One whose image is gone or has changed, or of which it is
 * not known where the model sees it, cannot be drawn: the picture that was drawn earlier stays. One image is read at a
 * time, and each at most once.
 *
 * @param maxBytes - Of an image file.
 * @throws The signal's reason.
 */
export async function listExamplePictures(
  { queries }: Ontology,
  { folder, seen }: SeenExamples,
  { hashes, maxBytes, signal }: { hashes: ImageHashes; maxBytes: number; signal?: AbortSignal | undefined },
): Promise<ExamplePicture[]> {
  const examples = queries.flatMap(({ example }) => example ?? []);
  const byLabel = new Map(seen.map((one) => [one.example, one]));
  const pictures: ExamplePicture[] = [];
  for (const [i, example] of examples.entries()) {
    signal?.throwIfAborted();
    const label = labelOf(example);
    const choice = byLabel.get(label);
    const source = resolve(folder, example.image);
    const canDraw = choice !== undefined && (await hashes.of(source, maxBytes)) === example.sha256;
    const request = canDraw ? { source, boxes: toBoxes(example, choice) } : undefined;
    pictures.push({ path: `${FOLDER}/${i + 1}-${stemOf(example)}${ENDING}`, label, request });
  }
  return pictures;
}

/** The model's box is drawn last, over the example's. */
function toBoxes({ box }: Example, { box: seen, iou }: SeenExample): PreviewRequest['boxes'] {
  const drawn = box === undefined ? [] : [{ box, label: 'example', colour: colourOfClass(0) }];
  return [{ box: seen, label: `model, IoU ${iou.toFixed(2)}`, colour: colourOfClass(1) }, ...drawn];
}

function stemOf({ image }: Example): string {
  const stem = basename(image, extname(image));
  const plain = stem.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-');
  return Array.from(plain).slice(0, MAX_STEM).join('');
}
