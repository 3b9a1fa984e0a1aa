import { join } from 'node:path';
import type { Precision } from '../../../../src/core/precision.js';
import { fullSizeCheckpoint } from '../../checkpoint/checkpoint.js';
import type { ShapeName } from '../../checkpoint/shapes.js';
import { annotate, CORES, ENVIRONMENT, writeOntology } from '../../support/command.js';
import { writePhotos } from '../../support/images.js';
import { undisturbed } from '../../support/machine.js';
import { median } from '../../support/statistics.js';
import { printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';
import { peakOf } from '../memory.js';

/** A model, and for how many images a worker it is run; few where an image takes many seconds. */
interface Case {
  readonly name: ShapeName;
  readonly images: number;
}

const CASES: readonly Case[] = [
  { name: 'owlvit-base-patch32', images: 32 },
  { name: 'owlv2-base-patch16', images: 6 },
  { name: 'owlv2-large-patch14', images: 2 },
];
const COMPARED = ['fp32', 'int8'] as const satisfies readonly Precision[];
const PROMPTS = 2;

interface Measured {
  readonly rate: number; // images/s
  readonly inferMs: number; // of a worker, an image
  readonly resizeMs: number;
  readonly peak: number; // GB, the largest worker
  readonly others: number;
}

/** How fast are the models of the family, and what does a worker need, in fp32 and in int8? */
export async function models({ folder, quick }: Bench): Promise<void> {
  Object.assign(process.env, ENVIRONMENT);
  const ontology = await writeOntology(folder, PROMPTS);
  const rows: string[][] = [];
  for (const { name, images: perWorker } of CASES) {
    const model = await fullSizeCheckpoint(name);
    const count = CORES * (quick ? Math.ceil(perWorker / 4) : perWorker);
    const images = await writePhotos(join(folder, `${name}-photos`), count);
    const results = new Map<Precision, Measured[]>(COMPARED.map((precision) => [precision, []]));
    const job = (precision: Precision) => ({
      ...{ folder, images, model, ontology },
      flags: ['--device', 'cpu', '--precision', precision, '--workers-per-device', String(CORES), '--threads', '1'],
    });
    for (const precision of COMPARED) await annotate({ ...job(precision), images: images.slice(0, 1) }); // fills caches
    for (let round = 0; round < (quick ? 1 : 3); round++) {
      for (const precision of COMPARED) {
        const { result, others } = await undisturbed(async () => peakOf(job(precision)));
        const { timings } = result.manifest;
        results.get(precision)!.push({
          rate: timings['images_per_second']!,
          inferMs: timings['infer_ms']! / count,
          resizeMs: timings['resize_ms']! / count,
          peak: Math.max(...result.workers),
          others,
        });
      }
    }
    for (const precision of COMPARED) rows.push([name, String(count), precision, ...cellsOf(results, precision)]);
  }
  printTable(
    `preannotate run, ${PROMPTS} prompts, 1280x960 JPEGs, ${CORES} workers with one thread; ` +
      'infer, resize: ms of a worker an image',
    ['model', 'images', 'precision', 'images/s', 'against fp32', 'infer', 'resize', 'worker GB', 'others'],
    rows,
  );
}

function cellsOf(results: ReadonlyMap<Precision, readonly Measured[]>, precision: Precision): string[] {
  const middle = (key: keyof Measured, of = precision) => median(results.get(of)!.map((measured) => measured[key]));
  return [
    middle('rate').toFixed(3),
    (middle('rate') / middle('rate', 'fp32')).toFixed(2),
    middle('inferMs').toFixed(0),
    middle('resizeMs').toFixed(0),
    middle('peak').toFixed(2),
    middle('others').toFixed(2),
  ];
}
