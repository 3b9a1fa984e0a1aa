import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../../src/core/detection.js';
import { SCORE_STEPS, type GalleryPack } from '../../../../src/core/gallery/pack.js';
import { select } from '../../../../src/core/select.js';
import { forecast } from '../../../../src/page/gallery/ask/forecast.js';
import { Random } from '../../../support/random.js';
import { packOf } from '../../../support/review/packs.js';

const IMAGES = 40;
const CLASSES = 3;
const CLASS_1 = { classIndex: 1, threshold: 0.5 };

/** Boxes that compete: few places, and patches that both packs have. */
function boxes(seed: number, classIds: readonly number[]): Detection[][] {
  const generator = new Random(seed);
  const whole = (below: number) => Math.floor(((generator.uniform() + 1) / 2) * below);
  return Array.from({ length: IMAGES }, () => {
    const patches = Array.from({ length: whole(12) }, (_, i) => 2 * i + whole(2));
    return patches.map((patchId): Detection => {
      const [x, y] = [whole(60), whole(60)];
      const classId = classIds[whole(classIds.length)]!;
      return { classId, queryId: 0, patchId, score: whole(SCORE_STEPS) / SCORE_STEPS, box: [x, y, x + 40, y + 40] };
    });
  });
}

function packWith(images: Detection[][], { classes, overlap }: { classes: number; overlap: number }): GalleryPack {
  const nmsIou = Array<number>(classes).fill(overlap);
  return packOf(images, { classes, selection: { nmsIou, classAgnosticNms: false, maxDetections: 300 } });
}

/** What `select` leaves of both. */
function counted(run: Detection[][], found: Detection[][], as: { classIndex: number; threshold: number }) {
  const thresholds = Array.from({ length: CLASSES + 1 }, (_, i) => (i === as.classIndex ? as.threshold : 0.1));
  const nmsIou = Array.from({ length: CLASSES + 1 }, (_, i) =>
    i === as.classIndex && found.flat().length > 0 ? 0.3 : 0.5,
  );
  const shown = run.flatMap((own, i) => {
    const added = found[i]!.map((one) => ({ ...one, classId: as.classIndex }));
    return select([...own, ...added], { thresholds, nmsIou, classAgnosticNms: false, maxDetections: 300 });
  });
  const ofClass = shown.filter(({ classId }) => classId === as.classIndex).length;
  return { own: ofClass, others: shown.length - ofClass };
}

describe('what a run will have once an answer is kept', () => {
  const run = boxes(1, [0, 1, 2]);
  const found = boxes(2, [0]);
  const runPack = packWith(run, { classes: CLASSES, overlap: 0.5 });
  const foundPack = packWith(found, { classes: 1, overlap: 0.3 });

  it.each([CLASS_1, { classIndex: 1, threshold: 0.05 }, { classIndex: CLASSES, threshold: 0.4 }])(
    'is what the selection leaves: class $classIndex at $threshold',
    (as) => {
      const expected = counted(run, found, as);
      expect(expected.own).toBeGreaterThan(0);
      expect(forecast(runPack, foundPack, as)).toEqual(expected);
    },
  );

  it('is the run as it is without an answer', () => {
    const nothing = run.map(() => []);
    expect(forecast(runPack, undefined, CLASS_1)).toEqual(counted(run, nothing, CLASS_1));
  });

  it('takes several prompts of the answer as one class', () => {
    const several = boxes(3, [0, 1]);
    const pack = packWith(several, { classes: 2, overlap: 0.3 });
    expect(forecast(runPack, pack, CLASS_1)).toEqual(counted(run, several, CLASS_1));
  });
});
