import type { Loaded } from '../../../config/load.js';
import { readGoal } from '../../../config/options/evaluation/tune.js';
import type { TuneConfig } from '../../../config/schema.js';
import { readStoredSelection, resolveSelection } from '../../../config/selection.js';
import { buildOntology, type OntologySpec } from '../../../core/ontology.js';
import type { StoredImage } from '../../../evaluation/thresholds/candidates.js';
import type { Comparison } from '../../../evaluation/compare/compare.js';
import { tune, type TunedGroup } from '../../../evaluation/thresholds/tune.js';
import { readAcceptedSet } from '../../../data-set/review/run-review.js';
import { StoredImages } from '../../../run/images/stored-images.js';
import { openRun } from '../../../run/open-run.js';
import { compareWithTruth } from './truth.js';

type Settings = Loaded<typeof TuneConfig>['settings'];

/** The same images give the same intervals. */
const SEED = 1;

/** Thresholds chosen for a run. */
export interface TunedRun {
  readonly ontology: OntologySpec; // with the present thresholds
  readonly groups: readonly TunedGroup[];
  readonly images: number; // that both the run and the ground truth have
  readonly notes: readonly string[];
}

/**
 * Chooses thresholds on the images of a run that the ground truth has.
 *
 * @param written - The ontology as its file has it now, whose thresholds are the present ones; else the run's.
 */
export async function tuneRun(outDir: string, settings: Settings, written?: OntologySpec): Promise<TunedRun> {
  const run = await openRun(outDir);
  const { scope, journal, ontology: ran, imageIds, sources, notes } = run;
  const stated = readStoredSelection(scope.selection);
  const selection = resolveSelection(stated, ran);
  const spec = written === undefined ? ran : withThresholds(ran, written);
  const { thresholds } = resolveSelection({ ...stated, overridesOntology: false }, buildOntology(spec));
  const classes = spec.classes.map(({ name, id }) => ({ name, id }));
  const found = [];
  for await (const image of new StoredImages(journal, imageIds, { ontology: ran, selection, sources })) {
    found.push({ ...image, file: journal.path, boxes: [] });
  }
  const left = { readReview: () => readAcceptedSet(outDir, run), missing: 'they are left out' };
  const { comparison, notes: more } = await compareWithTruth({ classes, images: found }, settings, left);
  const classIds = new Map([...classes.entries()].map(([classId, { name }]) => [comparison.placeOf(name), classId]));
  const images = found.flatMap(({ name, stored }): StoredImage[] => {
    const objects = comparison.objectsIn(name);
    if (objects === undefined) return [];
    const known = objects.map((object) => ({ ...object, classId: classIds.get(object.classId) }));
    return [{ stored, objects: known.filter((one): one is (typeof objects)[number] => one.classId !== undefined) }];
  });
  const groups = tune(images, {
    goal: readGoal(settings.for, settings.seconds),
    groups: chooseGroups(spec, { images, comparison, settings }),
    ...{ thresholds, nmsIou: selection.nmsIou, floor: journal.header.options.score_floor },
    ...{ iou: settings.iou, minObjects: settings.minObjects, seed: SEED },
  });
  return { ontology: spec, groups, images: images.length, notes: [...notes, ...more] };
}

/** The run's classes with the thresholds of the file. */
function withThresholds(ran: OntologySpec, { threshold, classes }: OntologySpec): OntologySpec {
  const written = new Map(classes.map((one) => [one.name, one.threshold]));
  const { threshold: _, ...rest } = ran;
  return {
    ...rest,
    ...(threshold === undefined ? {} : { threshold }),
    classes: ran.classes.map(({ threshold: __, ...one }) => {
      const own = written.get(one.name);
      return own === undefined ? one : { ...one, threshold: own };
    }),
  };
}

/** Each class of the ground truth for itself; with --shared, those with too few objects together. */
function chooseGroups(
  { classes }: OntologySpec,
  { images, comparison, settings }: { images: readonly StoredImage[]; comparison: Comparison; settings: Settings },
): number[][] {
  const counts = classes.map(() => 0);
  for (const { objects } of images)
    for (const { classId, isCrowd } of objects) if (isCrowd !== true) counts[classId]!++;
  const compared = [...classes.keys()].filter((classId) => comparison.placeOf(classes[classId]!.name) !== undefined);
  if (!settings.shared) return compared.map((classId) => [classId]);
  const isShared = (classId: number) =>
    counts[classId]! < settings.minObjects && classes[classId]!.threshold === undefined;
  const shared = compared.filter(isShared);
  const alone = compared.filter((classId) => !isShared(classId)).map((classId) => [classId]);
  return shared.length === 0 ? alone : [...alone, shared];
}
