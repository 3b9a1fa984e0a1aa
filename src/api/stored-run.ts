import { resolve } from 'node:path';
import { loadOptions } from '../config/program-options.js';
import { ExportConfig, SelectionConfig } from '../config/schema.js';
import { changeSelection, readStoredSelection, resolveSelection } from '../config/selection.js';
import type { ViewImage } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { promptOf, type ViewBox } from '../core/review/view-box.js';
import { VERSION } from '../disk/version.js';
import { assertAboveFloor, chooseViews } from '../jobs/choose-views.js';
import { fetchSettingsOf } from '../jobs/remote-settings.js';
import { takeOverRuleOf } from '../jobs/take-over-rule.js';
import { streamErrors } from '../run/error-log.js';
import { measureExtent } from '../run/extent.js';
import { findRunRoot } from '../run/image-root.js';
import { StoredImages } from '../run/images/stored-images.js';
import { toMissingCounts } from '../run/manifest.js';
import { openRun, type OpenedRun } from '../run/open-run.js';
import { readCurrentReview } from '../run/review/current-review.js';
import { exportViews } from '../views/export-views.js';
import { toMissing } from './annotate.js';
import { toBoxCounts } from './box-counts.js';
import { inProgramWords, OUTPUT_OPTIONS, toProgramError, toProgramFailure, toProgramWords } from './program-words.js';
import { ReportedProgress } from './reported-progress.js';
import { readCallOptions, readPath } from './call-options.js';
import type {
  ExportOptions,
  ExportResult,
  ImageFailure,
  Run,
  RunBox,
  RunClass,
  RunImage,
  RunImagesOptions,
} from './run-types.js';

/** Opens an output folder for reading. @throws PreannotateError INPUT_NOT_FOUND, JOURNAL_DAMAGED */
export async function openStoredRun(folder: string): Promise<Run> {
  return await inProgramWords(folder, async () => await openFolder(folder));
}

async function openFolder(folder: string): Promise<Run> {
  const outDir = resolve(readPath('outDir', folder, "readRun('annotations')"));
  const run = await openRun(outDir);
  const { scope, journal, manifest, ontology, notes } = run;
  const { images, found, failed, status } = await measureExtent(outDir, run);
  const { thresholds } = resolveSelection(readStoredSelection(scope.selection), ontology);
  return {
    outDir,
    status: manifest?.status === 'running' ? 'running' : status === 'done' ? 'done' : 'unfinished',
    created: journal.header.created,
    version: journal.header.preannotate,
    model: { reference: journal.header.model.reference, sha256: journal.header.model.sha256 },
    classes: ontology.classes.map(({ id, name, prompts }, i): RunClass => {
      return { id, name, prompts, threshold: thresholds[i]! };
    }),
    formats: scope.formats,
    ...{ found, annotated: images, failed },
    written: manifest?.counts.detections === undefined ? undefined : toBoxCounts(manifest.counts),
    scoreFloor: journal.header.options.score_floor,
    imagesFolder: await findRunRoot(outDir, run, undefined),
    notes: notes.map((note) => toProgramWords(note, folder)),
    images: (options) => readImages(outDir, run, options),
    failures: () => readFailures(outDir),
    export: async (options) => await inProgramWords([outDir, options], async () => await writeAgain(outDir, options)),
  };
}

async function* readImages(outDir: string, run: OpenedRun, options?: RunImagesOptions): AsyncGenerator<RunImage> {
  try {
    yield* selectImages(outDir, run, options);
  } catch (error) {
    throw toProgramError(error, outDir);
  }
}

async function* selectImages(outDir: string, run: OpenedRun, given: RunImagesOptions = {}): AsyncGenerator<RunImage> {
  const { reviewed = true, signal, ...options } = readCallOptions(given, '{ scoreThreshold: 0.3 }');
  const { scope, journal, ontology, imageIds, sources } = run;
  const loaded = await loadOptions(SelectionConfig, options, { ofCall: ['reviewed', 'signal'] });
  assertAboveFloor(loaded, journal.header.options.score_floor);
  const selection = resolveSelection(changeSelection(readStoredSelection(scope.selection), loaded), ontology);
  const root = await findRunRoot(outDir, run, undefined);
  const review = await readCurrentReview(outDir, { ...journal, root, sources });
  const shown = { ontology, selection, sources, ...(signal === undefined ? {} : { signal }) };
  const images = new StoredImages(journal, imageIds, { ...shown, review: reviewed ? review : undefined });
  for await (const image of images) {
    yield toRunImage(image, ontology, review?.decisions.get(image.name)?.state ?? 'unreviewed');
  }
}

function toRunImage(image: ViewImage, ontology: Ontology, state: RunImage['state']): RunImage {
  const { name, id, width, height, isDegraded = false, isMissing = false, detections } = image;
  const boxes = detections.map((box) => toRunBox(box, ontology));
  return { name, id, width, height, state, isDegraded, isMissing, boxes };
}

function toRunBox(found: ViewBox, ontology: Ontology): RunBox {
  const { classId, score, review } = found;
  const [x1, y1, x2, y2] = found.box;
  const box = { class: ontology.classes[classId]!.name, prompt: promptOf(found, ontology), score } as const;
  const shown = { ...box, box: [x1, y1, x2, y2] as const };
  return review === undefined || review.status === 'rejected' ? shown : { ...shown, review: review.status };
}

async function* readFailures(outDir: string): AsyncGenerator<ImageFailure> {
  try {
    for await (const failure of streamErrors(outDir)) yield toProgramFailure(failure);
  } catch (error) {
    throw toProgramError(error, outDir);
  }
}

async function writeAgain(outDir: string, given: ExportOptions = {}): Promise<ExportResult> {
  const { signal, onNote, ...options } = readCallOptions(given, "{ format: ['coco', 'csv'] }");
  const names = { leftOut: OUTPUT_OPTIONS, ofCall: ['signal', 'onNote'] };
  const loaded = await loadOptions(ExportConfig, { ...options }, names);
  const progress = new ReportedProgress({ onNote }, outDir);
  const stop = AbortSignal.any([progress.failed, ...(signal === undefined ? [] : [signal])]);
  const { imagesRoot } = loaded.settings;
  const target = { outDir, imagesRoot, takeOver: takeOverRuleOf(loaded), fetch: fetchSettingsOf(loaded) };
  const { extent, counts, choice, missing } = await exportViews(
    { ...target, version: VERSION, signal: stop },
    ({ journal, ...run }) => chooseViews({ ...run, header: journal.header, previews: 0 }, loaded),
    progress,
  );
  const { images: annotated, found, failed } = extent;
  const lacking = toMissing(toMissingCounts(missing));
  return { ...{ found, annotated, failed }, ...toBoxCounts(counts), formats: choice.formats, ...lacking };
}
