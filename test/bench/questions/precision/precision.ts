import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { readOwlCheckpoint } from '../../../support/model/owl.js';
import { buildImageGraph } from '../../../../src/model/owl/graphs.js';
import { PRECISIONS, type Precision } from '../../../../src/core/precision.js';
import { prepareImageWeights } from '../../../../src/model/image-weights.js';
import { openSession } from '../../../../src/model/session.js';
import { accuracyOf } from '../../../support/evaluation/accuracy.js';
import { EMOJI, SCENES } from '../../../support/cli.js';
import { goldenCases, maxDifference, tensorsOf } from '../../../support/model/golden.js';
import { runGolden } from '../../../support/model/golden-model.js';
import { fullSizeCheckpoint, VISION } from '../../checkpoint/checkpoint.js';
import { annotate, CORES, ENVIRONMENT, finish, start, writeOntology } from '../../support/command.js';
import { writePhotos } from '../../support/images.js';
import { undisturbed } from '../../support/machine.js';
import { peakOf } from '../memory.js';
import { median, ratios } from '../../support/statistics.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

/** What a precision gives and costs. */
interface Measured {
  readonly rates: number[]; // images/s, a round
  readonly opens: number[]; // s
  readonly others: number[];
  peak: number; // GB, the largest worker
  map50: number;
  readonly logits: number; // largest difference from a reference case
  readonly boxes: number;
}

/** What does each precision gain with the full-size model, and what does it cost in accuracy? */
export async function precision({ folder, quick }: Bench): Promise<void> {
  Object.assign(process.env, ENVIRONMENT); // 8-bit weights go where the command line finds them
  const model = await fullSizeCheckpoint();
  const count = (quick ? 4 : 12) * CORES;
  const images = await writePhotos(join(folder, 'precision-photos'), count);
  const ontology = await writeOntology(folder, 20);
  const job = (each: Precision) => ({
    ...{ folder, images, model, ontology },
    flags: ['--device', 'cpu', '--precision', each],
  });
  const results = new Map<Precision, Measured>();
  for (const each of PRECISIONS) {
    await annotate({ ...job(each), images: images.slice(0, 1) }); // fills the caches
    results.set(each, { rates: [], opens: [], others: [], peak: NaN, ...(await accuracyAt(folder, each)) });
  }
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const each of PRECISIONS) {
      const { rates, opens, others: disturbance } = results.get(each)!;
      const { result, others } = await undisturbed(async () => annotate(job(each)));
      rates.push(result.timings['images_per_second']!);
      opens.push(await openSeconds(model, each));
      disturbance.push(others);
    }
  }
  for (const each of PRECISIONS) results.get(each)!.peak = Math.max(...(await peakOf(job(each))).workers);
  report(results);
}

/** On the shipped scenes with the built-in model, and on the reference cases. */
async function accuracyAt(folder: string, each: Precision) {
  const emoji = { folder, images: [SCENES], model: 'builtin:emoji', ontology: EMOJI[3]! };
  const { running, out } = start({ ...emoji, flags: ['--device', 'cpu', '--precision', each] });
  await finish(running, out);
  const { map50 } = await accuracyOf(out, SCENES);
  const logits: number[] = [];
  const boxes: number[] = [];
  for (const golden of goldenCases('forward')) {
    const tensor = tensorsOf(golden);
    const { outputs, columns } = await runGolden(golden, { precision: each });
    logits.push(maxDifference(columns(outputs.logits), tensor('logits').data));
    boxes.push(maxDifference(outputs.boxes, tensor('pred_boxes').data));
  }
  return { map50, logits: Math.max(...logits), boxes: Math.max(...boxes) };
}

async function openSeconds(folder: string, each: Precision): Promise<number> {
  const checkpoint = await readOwlCheckpoint(folder);
  const weights = (await prepareImageWeights({ checkpoint, key: folder }, each)) ?? checkpoint;
  const size = { height: VISION.image, width: VISION.image };
  const graph = buildImageGraph(checkpoint, { size, maxDetections: 300, weights, half: each === 'fp16' });
  const begin = performance.now();
  const { weightsFolder } = weights;
  const session = await openSession(graph, { device: { provider: 'cpu' }, threads: 1, weightsFolder });
  const seconds = (performance.now() - begin) / 1000;
  await session.release();
  return seconds;
}

function report(results: ReadonlyMap<Precision, Measured>): void {
  const fp32 = results.get('fp32')!;
  const gain = ({ rates }: Measured) => median(ratios(rates, fp32.rates));
  const rows = PRECISIONS.map((each) => {
    const measured = results.get(each)!;
    const { rates, opens, others, peak, map50, logits, boxes } = measured;
    const figures = [median(rates).toFixed(2), gain(measured).toFixed(2), median(opens).toFixed(2), peak.toFixed(2)];
    return [
      each,
      ...figures,
      map50.toFixed(4),
      logits.toExponential(1),
      boxes.toExponential(1),
      median(others).toFixed(2),
    ];
  });
  printTable(
    'OWL-ViT base/32, 1280x960 JPEGs, every core a worker; mAP@0.5 of builtin:emoji on the shipped scenes; largest\n' +
      'difference of logits and boxes from the reference cases',
    ['precision', 'images/s', 'gain', 'open s', 'worker GB', 'mAP@0.5', 'logits', 'boxes', 'others'],
    rows,
  );
  const int8 = results.get('int8')!;
  printGoals([
    { figure: 'int8 against fp32', measured: gain(int8), goal: 2.3, atLeast: true, unit: 'x' },
    { figure: 'mAP@0.5 lost by int8', measured: fp32.map50 - int8.map50, goal: 0.01, atLeast: false, unit: '' },
    { figure: 'opening, int8', measured: median(int8.opens), goal: 0.2, atLeast: false, unit: 's' },
    { figure: 'peak of a worker, int8', measured: int8.peak, goal: 0.3, atLeast: false, unit: 'GB' },
  ]);
}
