import { execFile } from 'node:child_process';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunManifest } from '../../../../src/run/manifest.js';
import { fullSizeCheckpoint } from '../../checkpoint/checkpoint.js';
import { SHAPES, type ShapeName } from '../../checkpoint/shapes.js';
import { annotate, CORES, writeOntology } from '../../support/command.js';
import { writePhotos } from '../../support/images.js';
import { undisturbed } from '../../support/machine.js';
import { median } from '../../support/statistics.js';
import { copyFeatures, copyPhotos } from '../../support/stored-features.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const exec = promisify(execFile);
const READING = join(import.meta.dirname, 'reading-process.mjs');
const WORKERS = ['--device', 'cpu', '--workers-per-device', String(CORES), '--threads', '1'];
/** Random weights give every pair of patch and prompt about 0.05; this leaves some tens of boxes, as photographs do. */
const FLOOR = ['--score-floor', '0.0575', '--score-threshold', '0.0575'];
const PROMPTS = 20;

/** How fast is a run from stored features, against the first one and against reading alone, and how large are they? */
export async function features(bench: Bench): Promise<void> {
  await compareRates(bench);
  await compareSizes(bench);
}

async function compareRates({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const photos = await writePhotos(join(folder, 'photos'), (quick ? 4 : 12) * CORES);
  const store = join(folder, 'features');
  const ontologies = { first: await writeOntology(folder, 2), again: await writeOntology(folder, PROMPTS) };
  const flags = [...WORKERS, ...FLOOR, '--features', store];
  const common = { folder, model, flags };
  const first = await undisturbed(() => annotate({ ...common, images: photos, ontology: ontologies.first }));
  const count = quick ? 1000 : 4000;
  const images = await copyPhotos(photos, count, join(folder, 'many'));
  const keyFolder = await copyFeatures({ store, photos, images });
  const again: number[] = [];
  const reading: number[] = [];
  let lineBytes = 0;
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const { result } = await undisturbed(() => annotate({ ...common, images: [images], ontology: ontologies.again }));
    if (result.counts.features?.encoded !== 0) throw new Error('an image was encoded again');
    again.push(rateOf(result));
    lineBytes ||= await meanLine(folder, count);
    const pass = { images, keyFolder, journal: join(folder, 'journal'), lineBytes };
    reading.push((await undisturbed(() => readAll(pass))).result);
  }
  const rates = { first: rateOf(first.result), again: median(again), reading: median(reading) };
  printTable(
    'preannotate run --features, OWL-ViT base/32, random weights, fp32, cpu, 1280x960 JPEGs, ' +
      `${CORES} workers, one thread each`,
    ['what', 'images', 'images/s'],
    [
      ['first run, 2 prompts', String(photos.length), rates.first.toFixed(2)],
      [`again, ${PROMPTS} prompts, ${lineBytes} bytes a line`, String(count), rates.again.toFixed(0)],
      [`reading alone, ${CORES} processes`, String(count), rates.reading.toFixed(0)],
    ],
  );
  printGoals([
    { figure: 'again', measured: rates.again, goal: 200 * rates.first, atLeast: true, unit: 'images/s' },
    { figure: 'time of reading alone', measured: rates.reading / rates.again, goal: 2, atLeast: false, unit: 'x' },
  ]);
  await rm(images, { recursive: true });
}

/** Bytes of a line of the journal of the last run. */
async function meanLine(folder: string, images: number): Promise<number> {
  const outs = (await readdir(folder)).filter((name) => name.startsWith('out-'));
  const sizes = await Promise.all(outs.map(async (out) => (await stat(join(folder, out, 'detections.jsonl'))).size));
  return Math.round(Math.max(...sizes) / images);
}

/** @returns Images a second of all processes together. */
async function readAll(pass: {
  images: string;
  keyFolder: string;
  journal: string;
  lineBytes: number;
}): Promise<number> {
  const { images, keyFolder, journal, lineBytes } = pass;
  const count = (await readdir(images)).length;
  const common = [images, keyFolder, journal, String(lineBytes)];
  const parts = Array.from({ length: CORES }, (_, part) => [...common, String(part), String(CORES)]);
  const results = await Promise.all(parts.map((args) => exec(process.execPath, [READING, ...args])));
  return count / Math.max(...results.map(({ stdout }) => Number(stdout)));
}

function rateOf({ timings }: RunManifest): number {
  return timings['images_per_second'] ?? NaN;
}

/** Bytes on disk of the features of an image. The large models take minutes each. */
async function compareSizes({ folder, quick }: Bench): Promise<void> {
  const images = await writePhotos(join(folder, 'size-photos'), 1);
  const ontology = await writeOntology(folder, 2);
  const rows: string[][] = [];
  const names = (Object.keys(SHAPES) as ShapeName[]).filter((name) => !quick || !name.includes('large'));
  for (const name of names) {
    process.stdout.write(`measuring the features of ${name}\n`);
    const model = await fullSizeCheckpoint(name);
    const sizes: string[] = [];
    for (const dtype of ['float16', 'float32']) {
      const store = join(folder, `features-${name}-${dtype}`);
      const flags = ['--device', 'cpu', '--features', store, '--features-dtype', dtype];
      await annotate({ folder, images, model, ontology, flags });
      const files = (await readdir(store, { recursive: true })).filter((file) => file.endsWith('.safetensors'));
      sizes.push(((await stat(join(store, files[0]!))).size / 1e6).toFixed(2));
    }
    const { image, patch } = SHAPES[name].vision;
    rows.push([name, String(Math.floor(image / patch) ** 2), ...sizes]);
  }
  printTable('Features on disk, MB an image', ['model', 'patches', 'float16', 'float32'], rows);
}
