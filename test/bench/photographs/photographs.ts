import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { xywhToXyxy } from '../../../src/core/box.js';
import { messageOf } from '../../../src/core/errors.js';
import { suppress } from '../../../src/core/select.js';
import type { EvaluatedImage } from '../../../src/evaluation/evaluated-image.js';
import { Evaluation } from '../../../src/evaluation/evaluation.js';
import { drawSets, estimate, type Estimate } from '../../../src/evaluation/resample.js';
import { SIZES } from '../../../src/evaluation/ranked-class.js';
import { traitsOf } from '../../../src/model/families.js';
import { findModel } from '../../../src/model/source.js';
import { SCENES } from '../../support/cli.js';
import { averagePrecision, averagesOf } from '../../support/evaluation/averages.js';
import { toEvaluated, type CocoResult } from '../../support/evaluation/coco-file.js';
import { finish, start } from '../support/command.js';
import { printTable } from '../support/table.js';
import { readGroundTruth, type GroundTruth } from './ground-truth.js';
import { listSettings, type Setting } from './settings.js';

/** What the benchmark is asked. */
export interface PhotographsOptions {
  readonly photographs: string | undefined; // folder with images and ground truth; default: the shipped scenes
  readonly model: string; // reference
  readonly truth: string | undefined;
  readonly ontology: string | undefined; // its file; default: the names of the categories
  readonly full: boolean; // every combination of settings
  readonly only: string; // of the settings beside the defaults, those whose names contain this
  readonly images: number | undefined; // how many, drawn at random; default: all
  readonly resamples: number;
  readonly seed: number;
}

/** What came of a setting. */
interface Outcome {
  readonly setting: string;
  readonly images: readonly EvaluatedImage[];
  readonly secondsPerImage: number;
  readonly failed: number;
}

/** As in the product by default; the original evaluates without. */
const NMS_IOU = 0.5;
const LOWEST_SCORE = 0.001; // average precision ranks weak boxes too

/** Which settings find most in photographs, for one checkpoint? */
export async function photographs(folder: string, options: PhotographsOptions): Promise<void> {
  const truth = await readGroundTruth(await realpath(options.photographs ?? SCENES), options);
  const { checkpoint } = await findModel(options.model, {
    ...{ precision: 'auto', variables: process.env },
    watcher: { progress: () => {}, note: (message) => process.stderr.write(`${message}\n`) },
  });
  const { nativeSide, patchSize } = traitsOf(checkpoint);
  const { modelType } = checkpoint;
  const [defaults, ...others] = listSettings({ modelType, nativeSide, patchSize, full: options.full });
  const settings = [defaults!, ...others.filter(({ name }) => name.includes(options.only))];
  describeTruth(truth, options);
  const outcomes: Outcome[] = [];
  for (const [i, setting] of settings.entries()) {
    process.stderr.write(`${i + 1} of ${settings.length}: ${setting.name}\n`);
    try {
      outcomes.push(await annotateWith(setting, { folder, truth, options }));
    } catch (error) {
      if (outcomes.length === 0) throw error; // there is nothing to compare with
      process.stdout.write(`\nNot measured: ${setting.name}. ${messageOf(error)}\n`);
    }
  }
  const [base] = outcomes as [Outcome, ...Outcome[]];
  const suppressed = { ...base, setting: `defaults, NMS ${NMS_IOU}`, images: base.images.map(suppressImage) };
  report([base, suppressed, ...outcomes.slice(1)], { truth, options });
}

function describeTruth({ file, coco, isPartial, missing }: GroundTruth, { model }: PhotographsOptions): void {
  const { images, annotations, categories } = coco;
  const lines = [
    `${model} on ${images.length} images with ${annotations.length} objects of ${categories.length} classes: ${file}`,
    ...(missing > 0 ? [`${missing} images of that file are not in the folder and are left out.`] : []),
    ...(isPartial
      ? ['In each image only some classes were looked for (LVIS): boxes of others count as wrong here, so AP is low.']
      : []),
  ];
  process.stdout.write(`\n${lines.join('\n')}\n`);
}

async function annotateWith(
  setting: Setting,
  { folder, truth, options }: { folder: string; truth: GroundTruth; options: PhotographsOptions },
): Promise<Outcome> {
  const { running, out } = start({
    ...{ folder, images: [...truth.paths.values()], model: options.model },
    ontology: await writeOntologyOf(setting, { folder, truth, file: options.ontology }),
    flags: [
      ...(setting.flags.includes('--precision') ? [] : ['--precision', 'fp32']),
      ...['--score-floor', String(LOWEST_SCORE), '--allow-truncate', '--max-errors', '100%', ...setting.flags],
    ],
  });
  const manifest = await finish(running, out);
  const rate = manifest.timings['images_per_second']!;
  const results = await readResults(out, { root: manifest.root_absolute!, truth });
  return {
    setting: setting.name,
    images: toEvaluated(truth.coco, results),
    secondsPerImage: 1 / rate,
    failed: manifest.counts.failed,
  };
}

/** The categories as classes, each its own prompt; or the user's ontology, with what the setting changes. */
async function writeOntologyOf(
  { name, ontology }: Setting,
  { folder, truth, file }: { folder: string; truth: GroundTruth; file: string | undefined },
): Promise<string> {
  const path = join(folder, `${name.replaceAll(/\W+/g, '-')}.yaml`);
  const names = [...new Set(truth.coco.categories.map((category) => category.name))];
  const own: unknown =
    file === undefined
      ? { classes: names.map((each) => ({ name: each, prompts: [each] })) }
      : parse(await readFile(file, 'utf8'));
  if (typeof own !== 'object' || own === null || !('classes' in own))
    throw new Error(`${file} must be an ontology in full form, with "classes:".`);
  await writeFile(path, stringify({ ...own, ...ontology }));
  return path;
}

/** Every stored detection, by the images and categories of the ground truth. Other classes are left out. */
async function readResults(out: string, { root, truth }: { root: string; truth: GroundTruth }): Promise<CocoResult[]> {
  const read = async <Content>(name: string) => JSON.parse(await readFile(join(out, 'coco', name), 'utf8')) as Content;
  const { images, categories } = await read<{
    images: { id: number; file_name: string }[];
    categories: { id: number; name: string }[];
  }>('instances.json');
  const idOfPath = new Map([...truth.paths].map(([id, path]) => [path, id]));
  const imageIds = new Map(images.map(({ id, file_name: name }) => [id, idOfPath.get(join(root, name))]));
  const idOfName = new Map(truth.coco.categories.map(({ id, name }) => [name, id]));
  const categoryIds = new Map(categories.map(({ id, name }) => [id, idOfName.get(name)]));
  if ([...categoryIds.values()].every((id) => id === undefined))
    throw new Error('No class of the ontology has the name of a category of the ground truth.');
  return (await read<CocoResult[]>('results.json')).flatMap((result) => {
    const [imageId, categoryId] = [imageIds.get(result.image_id), categoryIds.get(result.category_id)];
    return imageId === undefined || categoryId === undefined
      ? []
      : { ...result, image_id: imageId, category_id: categoryId };
  });
}

function suppressImage({ objects, detections }: EvaluatedImage): EvaluatedImage {
  const sorted = [...detections].sort((a, b) => b.score - a.score);
  const ranked = sorted.map(({ classId, score, box }, i) => ({
    ...{ classId, score, queryId: 0, patchId: i },
    box: xywhToXyxy(box),
  }));
  const shown = suppress(ranked, () => NMS_IOU, false);
  return { objects, detections: shown.map(({ patchId }) => sorted[patchId]!) };
}

function report(
  outcomes: readonly Outcome[],
  { truth, options }: { truth: GroundTruth; options: PhotographsOptions },
): void {
  const { resamples, seed } = options;
  const sets = drawSets(truth.paths.size, { count: resamples, seed });
  const figures = outcomes.map(({ images }) => {
    const evaluation = new Evaluation(images);
    const sizes = (['small', 'medium', 'large'] as const).map((size) => {
      const { map, perClass } = averagePrecision(images, { size });
      return perClass.size === 0 ? '-' : percent(map); // none of this size
    });
    const resampled = sets.map((weights) => averagesOf(evaluation, { weights }));
    return { all: averagesOf(evaluation), resampled, sizes };
  });
  const [base] = figures;
  const rows = outcomes.map(({ setting, secondsPerImage, failed }, i) => {
    const { all, resampled, sizes } = figures[i]!;
    const of = (key: 'map' | 'map50') =>
      estimate(
        all[key],
        resampled.map((each) => each[key]),
      );
    const gain = estimate(
      all.map - base!.all.map,
      resampled.map(({ map }, set) => map - base!.resampled[set]!.map),
    );
    const against = i === 0 ? '' : format(gain, { signed: true });
    const cells = [format(of('map')), format(of('map50')), ...sizes, against, secondsPerImage.toFixed(3)];
    return [setting, ...cells, failed > 0 ? String(failed) : ''];
  });
  printTable(
    'AP and AP50 as COCO has them, in percent, without NMS as the original evaluates unless a row has it; [95 %\n' +
      `intervals] by the standard errors of ${resamples} resamples of the images (seed ${seed}), of the difference ` +
      `paired.\nSizes of objects: small up to ${SIZES.small[1]} square pixels, large from ${SIZES.medium[1]}`,
    ['setting', 'AP', 'AP50', 'small', 'medium', 'large', 'AP - defaults', 's/image', 'failed'],
    rows,
  );
}

function format({ value, low, high }: Estimate, { signed = false } = {}): string {
  const sign = (number: number) => (signed && number >= 0 ? '+' : '') + percent(number);
  return `${sign(value)} [${sign(low)}, ${sign(high)}]`;
}

function percent(value: number): string {
  return (100 * value).toFixed(1);
}
