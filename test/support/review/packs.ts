import { PIXEL_STEPS, SCORE_STEPS, type GalleryPack, type GallerySelection } from '../../../src/core/gallery/pack.js';
import { compareDetections, type Detection } from '../../../src/core/detection.js';
import { Random } from '../random.js';

const NO_SUPPRESSION: GallerySelection = { nmsIou: null, classAgnosticNms: false, maxDetections: 300 };

/** A pack of images with these boxes. Classes are `class 0` and so on, with one prompt each. */
export function packOf(
  images: readonly (readonly Detection[])[],
  { classes = 3, threshold = 0.1, selection = NO_SUPPRESSION }: PackOptions = {},
): GalleryPack {
  const sorted = images.map((boxes) => [...boxes].sort(compareDetections));
  const rows = sorted.flat();
  const starts = new Uint32Array(images.length + 1);
  sorted.forEach(({ length }, i) => (starts[i + 1] = starts[i]! + length));
  const numbers = <T>(map: (index: number) => T) => images.map((_, i) => map(i));
  return {
    facts: {
      title: 'made for a test',
      run: [['model', 'none']],
      classes: Array.from({ length: classes }, (_, i) => ({ name: `class ${i}`, threshold })),
      prompts: Array.from({ length: classes }, (_, i) => ({ text: `a photo of class ${i}`, class: i })),
      selection,
      scoreFloor: 0.01,
      images: {
        ids: numbers((i) => i + 1),
        names: numbers((i) => `image-${String(i).padStart(6, '0')}.jpg`),
        widths: numbers(() => 640),
        heights: numbers((i) => (i % 3 === 0 ? 640 : 480)),
        groups: numbers(() => 0),
        degraded: [],
      },
      failures: [],
    },
    boxes: {
      starts,
      scores: Uint32Array.from(rows, ({ score }) => Math.round(score * SCORE_STEPS)),
      patches: Uint32Array.from(rows, ({ patchId }) => patchId),
      corners: Uint32Array.from(rows.flatMap(({ box }) => box.map((value) => Math.round(value * PIXEL_STEPS)))),
      classes: Uint16Array.from(rows, ({ classId }) => classId),
      prompts: Uint16Array.from(rows, ({ queryId }) => queryId),
    },
  };
}

interface PackOptions {
  readonly classes?: number;
  readonly threshold?: number;
  readonly selection?: GallerySelection;
}

/** A pack of many images with random boxes, the same every time. */
export function largePack(count: number, { boxesEach = 12, classes = 8 } = {}): GalleryPack {
  const generator = new Random(1);
  const random = () => (generator.uniform() + 1) / 2;
  const whole = (below: number) => Math.floor(random() * below);
  const images = Array.from({ length: count }, () =>
    Array.from({ length: whole(2 * boxesEach + 1) }, (): Detection => {
      const [x, y] = [whole(50_000) / PIXEL_STEPS, whole(38_000) / PIXEL_STEPS];
      const classId = whole(classes);
      return {
        classId,
        queryId: classId,
        patchId: whole(3600),
        score: (1000 + Math.floor(random() ** 3 * 89_000)) / SCORE_STEPS,
        box: [x, y, x + 10 + whole(120), y + 10 + whole(85)],
      };
    }),
  );
  return packOf(images, {
    classes,
    selection: { nmsIou: Array<number>(classes).fill(0.5), classAgnosticNms: false, maxDetections: 300 },
  });
}
