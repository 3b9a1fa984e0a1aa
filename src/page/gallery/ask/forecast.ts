import { type BoxColumns, type GalleryPack } from '../../../core/gallery/pack.js';
import { BoxTable, lowestAbove } from '../data/box-table.js';

/** How many boxes a run selects at its thresholds. */
export interface Forecast {
  readonly own: number; // of the class in question
  readonly others: number;
}

/**
 * What a run will select once an answer is kept in one of its classes: boxes of all classes compete for patches and
 * overlap, so that those of others may become fewer.
 *
 * @param found - The answer, over the images of the run; undefined: the run as it is.
 * @param as - The class, which is a new one where its index is the number of classes; and its threshold.
 */
export function forecast(
  run: GalleryPack,
  found: GalleryPack | undefined,
  as: { readonly classIndex: number; readonly threshold: number },
): Forecast {
  const { facts } = run;
  const { nmsIou } = facts.selection;
  const isNew = as.classIndex === facts.classes.length;
  const classes = isNew ? [...facts.classes, { name: '', threshold: as.threshold }] : facts.classes;
  const thresholds = classes.map(({ threshold }, i) => (i === as.classIndex ? as.threshold : threshold));
  const overlap = found?.facts.selection.nmsIou?.[0] ?? 1; // classes with examples are given less
  const overlaps = classes.map((_, i) => Math.min(nmsIou?.[i] ?? 1, i === as.classIndex ? overlap : 1));
  const selection = { ...facts.selection, nmsIou: nmsIou === null ? null : overlaps };
  const boxes = join(run.boxes, found?.boxes, { classIndex: as.classIndex, lowest: thresholds.map(lowestAbove) });
  const table = new BoxTable({ facts: { ...facts, classes, selection }, boxes }, thresholds);
  table.advance(() => false);
  const all = table.shownOfClass.reduce((a, b) => a + b, 0);
  const own = table.shownOfClass[as.classIndex]!;
  return { own, others: all - own };
}

/** The boxes of both that are above their thresholds, best first. */
function join(
  run: BoxColumns,
  found: BoxColumns | undefined,
  { classIndex, lowest }: { readonly classIndex: number; readonly lowest: readonly number[] },
): BoxColumns {
  const sources: BoxColumns[] = [];
  const rows: number[] = [];
  const starts = new Uint32Array(run.starts.length);
  for (let image = 0; image + 1 < starts.length; image++) {
    let row = run.starts[image]!;
    let other = found?.starts[image] ?? 0;
    const [end, otherEnd] = [run.starts[image + 1]!, found?.starts[image + 1] ?? 0];
    while (row < end || other < otherEnd) {
      const isOfRun = other >= otherEnd || (row < end && run.scores[row]! >= found!.scores[other]!);
      const [source, at] = isOfRun ? [run, row++] : [found!, other++];
      if (source.scores[at]! < lowest[isOfRun ? run.classes[at]! : classIndex]!) continue;
      sources.push(source);
      rows.push(at);
    }
    starts[image + 1] = rows.length;
  }
  return {
    starts,
    scores: Uint32Array.from(rows, (row, i) => sources[i]!.scores[row]!),
    patches: Uint32Array.from(rows, (row, i) => sources[i]!.patches[row]!),
    corners: Uint32Array.from({ length: 4 * rows.length }, (_, i) => {
      return sources[i >> 2]!.corners[4 * rows[i >> 2]! + (i & 3)]!;
    }),
    classes: Uint16Array.from(rows, (row, i) => (sources[i] === run ? run.classes[row]! : classIndex)),
    prompts: new Uint16Array(rows.length),
  };
}
