import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { round, type Size, type Xyxy } from '../../src/core/box.js';
import { compareDetections } from '../../src/core/detection.js';
import type { ViewImage } from '../../src/core/image.js';
import { buildOntology, type Ontology } from '../../src/core/ontology.js';
import { toViewBox, type ViewBox } from '../../src/core/review/view-box.js';
import { compareUtf8 } from '../../src/core/text.js';
import type { AnnotationFormat } from '../../src/formats/format.js';
import { formatNames, formats } from '../../src/formats/index.js';
import { expectReadBack } from './read-back.js';
import { detection, viewOf } from './views.js';

const RUNS = 40; // a format, each of up to 8 images

const odd = [
  ...[
    'a',
    'A',
    'é',
    'e\u0301',
    '日本',
    '😀',
    'ß',
    '\u202e',
    ' ',
    '.',
    '-',
    '=',
    '+',
    '@',
    "'",
    '"',
    '`',
    ',',
    ';',
    ':',
  ],
  ...['#', '%', '%20', '&', '<', '>', '|', '\\', '!', '?', '*', '[', ']', '{', '}', '$', '~', '__', 'images', 'labels'],
  ...['train', 'val', 'test', 'no', 'null', '1e3', '1.0', '0', '- ', ': '],
];
const oddText = fc.array(fc.constantFrom(...odd), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));

/** Names that differ in more than case and Unicode form. */
const classNames = fc.uniqueArray(
  oddText.filter((name) => name.trim() !== ''),
  { minLength: 1, maxLength: 4, selector: (name) => name.normalize('NFC').toLowerCase().trim() },
);

const folderName = oddText.filter((name) => !/^\.{1,2}$/.test(name));
const fileName = fc.tuple(
  fc.oneof(oddText, fc.constantFrom('\n', '\t', '\u0001')),
  fc.constantFrom('.jpg', '.png', '.JPG'),
);
const imageName = fc
  .tuple(fc.array(folderName, { maxLength: 2 }), fileName)
  .map(([folders, [stem, ending]]) => [...folders, stem + ending].join('/'));

/** Corners on a grid of 0.01 px within an image, at its border now and then, and at least 1 px apart. */
const span = (limit: number) =>
  fc
    .tuple(
      fc.oneof(fc.constant(0), fc.integer({ min: 0, max: limit * 100 - 100 })),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map(([start, share]) => {
      const end = start + 100 + Math.floor((limit * 100 - start - 100) * share);
      return [start / 100, round(end / 100, 2)] as const;
    });

const side = fc.oneof(fc.constantFrom(1, 10, 65_535), fc.integer({ min: 1, max: 5000 }));

/** What a person did to a box. */
type Review = 'none' | 'kept' | 'drawn';

interface Drawn extends Size {
  readonly boxes: readonly {
    readonly box: Xyxy;
    readonly place: number;
    readonly score: number;
    readonly review: Review;
  }[];
  readonly isAccepted: boolean;
}

const drawn: fc.Arbitrary<Drawn> = fc.record({ width: side, height: side }).chain(({ width, height }) => {
  const box = fc.tuple(span(width), span(height)).map(([[x1, x2], [y1, y2]]): Xyxy => [x1, y1, x2, y2]);
  const score = fc.integer({ min: 1, max: 100_000 }).map((value) => value / 100_000);
  const review = fc.constantFrom<Review>('none', 'none', 'kept', 'drawn');
  const boxes = fc.uniqueArray(fc.record({ box, place: fc.nat(), score, review }), {
    maxLength: 5,
    selector: (one) => one.box.map(Math.round).join(), // YOLO leaves repeated rows out
  });
  return fc.record({ width: fc.constant(width), height: fc.constant(height), boxes, isAccepted: fc.boolean() });
});

const dataSet = fc.record({
  classes: classNames,
  images: fc.uniqueArray(fc.record({ name: imageName, drawn }), { maxLength: 8, selector: ({ name }) => name }),
});

describe.each(formatNames)('%s', (name) => {
  it('reads back names that look like paths of Windows', async () => {
    const names = ['C:/photo.jpg', 'a:/\n.jpg', 'b:.jpg'];
    const drawn = { width: 10, height: 10, boxes: [], isAccepted: false };
    const ontology = ontologyOf(['a']);
    const shown = names.map((image, index) => toViewImage({ name: image, drawn }, index + 1, 1));
    const view = { ...(await viewOf(name, shown)), ontology };
    await formats[name].write(view);
    await expectReadBack(name, view.outDir, { ontology, images: shown });
  });

  it('reads back what it wrote', async () => {
    await fc.assert(
      fc.asyncProperty(dataSet, async ({ classes, images }) => {
        const ontology = ontologyOf(classes);
        const shown = withoutConflicts(images).map((image, index) => toViewImage(image, index + 1, classes.length));
        const hasReview = shown.some(({ isAccepted, detections }) => isAccepted || detections.some(isReviewed));
        const view = { ...(await viewOf(name, shown)), ontology, hasReview };
        const format: AnnotationFormat = formats[name];
        await format.write(view);
        await expectReadBack(name, view.outDir, { ontology, images: shown });
      }),
      { numRuns: RUNS },
    );
  });
});

function ontologyOf(names: readonly string[]): Ontology {
  const classes = names.map((name, place) => ({
    name,
    id: ((place * 7) % 97) + 1,
    prompts: [`=a photo of "${place}"`],
  }));
  return buildOntology({ templates: [], classes, ignore: [] });
}

/** Images whose names can be files of one folder: none is a folder of another one. */
function withoutConflicts<Image extends { readonly name: string }>(images: readonly Image[]): Image[] {
  const folders = new Set(
    images.flatMap(({ name }) => name.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))),
  );
  return images.filter(({ name }) => !folders.has(name)).sort((a, b) => compareUtf8(a.name, b.name));
}

function isReviewed({ review }: ViewBox): boolean {
  return review !== undefined;
}

function toViewImage({ name, drawn }: { name: string; drawn: Drawn }, id: number, classCount: number): ViewImage {
  const stored = drawn.boxes.map(({ box, place, score }) => detection(place % classCount, score, box));
  stored.sort(compareDetections);
  const { width, height, boxes, isAccepted } = drawn;
  const decided = boxes.flatMap(({ box, place, review }, i): ViewBox[] => {
    if (review === 'none') return [];
    const prompt = review === 'kept' ? { prompt: '=an "earlier" <prompt>' } : {};
    return [toViewBox({ id: `b${i}`, status: review, class: '', box, ...prompt }, place % classCount)];
  });
  const drafts = stored.filter(({ box }) => !decided.some((one) => one.box === box));
  return {
    id,
    name,
    width,
    height,
    stored,
    detections: isAccepted ? decided : [...decided, ...drafts],
    isAccepted,
    sizeBytes: Buffer.byteLength(name),
    sha256: '0'.repeat(64),
  };
}
