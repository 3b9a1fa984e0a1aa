import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  changeSelection,
  readStoredSelection,
  resolveSelection,
  type StatedSelection,
} from '../../../config/selection.js';
import { compareDetections, type Detection } from '../../../core/detection.js';
import type { LabelledBox, LabelledImage } from '../../../core/data-set/data-set.js';
import type { Ontology } from '../../../core/ontology.js';
import { promptOf, type ViewBox } from '../../../core/review/view-box.js';
import { suppress, type Selection } from '../../../core/select.js';
import type { LabelledSet } from '../../../evaluation/compare/compare.js';
import { openDataSet } from '../../../data-set/open.js';
import { bboxOf } from '../../../formats/bbox.js';
import { StoredImages } from '../../../run/images/stored-images.js';
import { openRun, type OpenedRun } from '../../../run/open-run.js';
import { JOURNAL_FILE } from '../../../run/read-journal.js';
import { collect } from '../../../data-set/collect.js';

/** Settings of which detections are shown. */
type Options = Parameters<typeof changeSelection>[1];

/** What was found in images. */
export interface Predictions extends LabelledSet {
  readonly drafts: readonly LabelledImage[]; // the same images with the boxes that are shown
  readonly notes: readonly string[];
  readonly run?: OpenedRun; // that they are of
}

/** Reads the output folder of a run, or a data set in any format. @param path - Absolute. */
export async function readPredictions(path: string, options: Options): Promise<Predictions> {
  if (existsSync(join(path, JOURNAL_FILE))) return await readRunPredictions(path, options);
  const { notes, ...set } = await collect(await openDataSet(path));
  const { scoreThreshold } = options.settings;
  const isShown = ({ score = 1 }: LabelledBox) => score > scoreThreshold;
  const drafts = set.images.map((image) => ({ ...image, boxes: image.boxes.filter(isShown) }));
  return { ...set, drafts, notes };
}

/**
 * Every stored detection, after the suppression of its class, and those that the views show. Thresholds do not limit
 * what is ranked.
 */
export async function readRunPredictions(outDir: string, loaded: Options): Promise<Predictions> {
  const run = await openRun(outDir);
  return await predictionsOf(run, changeSelection(readStoredSelection(run.scope.selection), loaded));
}

async function predictionsOf(run: OpenedRun, stated: StatedSelection): Promise<Predictions> {
  const { journal, ontology, imageIds, sources } = run;
  const selection = resolveSelection(stated, ontology);
  const images: LabelledImage[] = [];
  const drafts: LabelledImage[] = [];
  for await (const image of new StoredImages(journal, imageIds, { ontology, selection, sources })) {
    const { id, name, width, height, stored, detections } = image;
    const common = { id, name, width, height, file: journal.path };
    images.push({ ...common, boxes: toBoxes(rank(stored, selection), ontology) });
    drafts.push({ ...common, boxes: toBoxes(detections, ontology) });
  }
  const classes = ontology.classes.map(({ name, id }) => ({ name, id }));
  return { classes, images, drafts, notes: run.notes, run };
}

/** What average precision ranks: every detection that no better one of its class suppresses. */
function rank(stored: readonly Detection[], { nmsIou, classAgnosticNms }: Selection): readonly Detection[] {
  if (nmsIou === null) return stored;
  return suppress([...stored].sort(compareDetections), (classId) => nmsIou[classId]!, classAgnosticNms);
}

function toBoxes(detections: readonly ViewBox[], ontology: Ontology): LabelledBox[] {
  return detections.map((detection) => {
    const { classId, score, box } = detection;
    const { name: className } = ontology.classes[classId]!;
    const prompt = promptOf(detection, ontology);
    return { className, box, xywh: bboxOf(box), score, ...(prompt === undefined ? {} : { prompt }) };
  });
}
