import { dirname } from 'node:path';
import { pickSettings, type Loaded } from '../../../config/load.js';
import { loadOntology } from '../../../config/ontology/load-ontology.js';
import type { PromptsConfig } from '../../../config/schema.js';
import { readStoredSelection, resolveSelection } from '../../../config/selection.js';
import { PreannotateError } from '../../../core/errors.js';
import { buildOntology, type OntologyPlaces, type OntologySpec } from '../../../core/ontology.js';
import { readAcceptedSet } from '../../../data-set/review/run-review.js';
import type { PromptJob } from '../../../rank-prompts.js';
import { findImageRoot, missingImagesError } from '../../../run/image-root.js';
import { StoredImages } from '../../../run/images/stored-images.js';
import { openRun } from '../../../run/open-run.js';
import { compareWithTruth } from './truth.js';

/** What is asked: every wording of the ontology, of the images that the run and the ground truth have. */
export async function createPromptJob(
  outDir: string,
  { settings }: Loaded<typeof PromptsConfig>,
  signal: AbortSignal,
): Promise<{ job: PromptJob; notes: readonly string[] }> {
  const run = await openRun(outDir);
  const { journal, scope, sources, imageIds } = run;
  const { spec, places, notes } = await readWordings(settings.ontology, run.ontology);
  const { root: storedRoot } = scope;
  if (storedRoot === undefined) throw remoteImagesError();
  const search = { outDir, scope: { ...scope, root: storedRoot }, journal, sources, given: settings.imagesRoot };
  const root = await findImageRoot(search);
  if (root === undefined) throw await missingImagesError(search);
  const stated = readStoredSelection(scope.selection);
  const selection = resolveSelection(stated, run.ontology);
  const found = [];
  for await (const image of new StoredImages(journal, imageIds, { ontology: run.ontology, selection, sources })) {
    found.push({ ...image, file: journal.path, boxes: [] });
  }
  const classes = spec.classes.map(({ name, id }) => ({ name, id }));
  const left = { readReview: () => readAcceptedSet(outDir, run), missing: 'they are left out' };
  const { comparison, notes: more } = await compareWithTruth({ classes, images: found }, settings, left);
  const classIds = new Map([...classes.entries()].map(([classId, { name }]) => [comparison.placeOf(name), classId]));
  const images = found.flatMap(({ name }) => {
    const objects = comparison.objectsIn(name)?.flatMap((object) => {
      const classId = classIds.get(object.classId);
      return classId === undefined ? [] : [{ ...object, classId }];
    });
    return objects === undefined ? [] : [{ name, objects }];
  });
  const { thresholds } = resolveSelection({ ...stated, overridesOntology: false }, buildOntology(spec));
  const placement = pickSettings(settings, ['workersPerDevice', 'threads', 'maxBatchSize']);
  const { iou, devices, optimizer } = settings;
  const job = { run, ontology: spec, places, root, images, thresholds, iou, devices, placement, optimizer, signal };
  return { job, notes: [...run.notes, ...notes, ...more] };
}

/** The ontology that is given, else that of the run. */
async function readWordings(
  given: Loaded<typeof PromptsConfig>['settings']['ontology'],
  ran: OntologySpec,
): Promise<{ spec: OntologySpec; places: OntologyPlaces; notes: readonly string[] }> {
  if (given === undefined) return { spec: ran, places: { whole: 'the ontology of the run', byLabel: {} }, notes: [] };
  const source =
    typeof given === 'string'
      ? { file: given }
      : { mapping: given as unknown, file: 'ontology', folder: dirname(process.cwd()) };
  return await loadOntology(source);
}

function remoteImagesError(): PreannotateError {
  return new PreannotateError({
    code: 'USAGE',
    message: 'The images of this run are on the web or in S3, where prompts cannot be tried.',
    hint: 'Download the labelled images, annotate them with `preannotate run`, and give that output folder.',
  });
}
