import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Xyxy } from '../../../../src/core/box.js';
import type { Ontology } from '../../../../src/core/ontology.js';
import type { Asker } from '../../../../src/review/ask/asker.js';
import { toOntology, toOntologyOfLike } from '../../../../src/review/ask/question.js';
import { openAsker } from '../../../support/review/built.js';
import { fullSizeCheckpoint } from '../../checkpoint/checkpoint.js';
import { annotate, CORES, ENVIRONMENT, finish, promptsOf, start, writeOntology } from '../../support/command.js';
import { writePhotos } from '../../support/images.js';
import { undisturbed } from '../../support/machine.js';
import { median } from '../../support/statistics.js';
import { copyFeatures, copyPhotos } from '../../support/stored-features.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const WORKERS = ['--device', 'cpu', '--workers-per-device', String(CORES), '--threads', '1'];
/** As in the question about features: random weights give every pair about 0.05. */
const FLOOR = ['--score-floor', '0.0575', '--score-threshold', '0.0575'];
const OBJECT: Xyxy = [200, 200, 600, 600] as unknown as Xyxy;

/** How long does a question about a whole run take, with OWL-ViT base/32 and features in float16? */
export async function ask({ folder, quick }: Bench): Promise<void> {
  Object.assign(process.env, ENVIRONMENT);
  const images = quick ? 200 : 1000;
  const run = await annotateCopies(folder, images);
  await using asker = await openAsker(run.out, run.store);
  const prompts = await promptsOf(21);
  const like = toOntologyOfLike({ image: await asker.imageOf(1), box: OBJECT });
  const questions: [string, (round: number) => Ontology][] = [
    ['1 prompt', (round) => toOntology([prompts[round]!], asker.run.ontology)],
    ['5 prompts', (round) => toOntology(prompts.slice(round, round + 5), asker.run.ontology)],
    ['the same prompt again', () => toOntology([prompts[20]!], asker.run.ontology)],
    ['more like a box', () => like],
  ];
  const first = await timeOf(asker, toOntology(['the very first'], asker.run.ontology));
  const rows = [['the first question, which starts the workers', first.seconds.toFixed(2), String(first.boxes)]];
  const medians: number[] = [];
  for (const [name, toQuestion] of questions) {
    const times = [];
    for (let round = 0; round < (quick ? 3 : 7); round++) {
      const question = toQuestion(round);
      times.push((await undisturbed(() => timeOf(asker, question))).result);
    }
    medians.push(median(times.map(({ seconds }) => seconds)));
    rows.push([name, medians.at(-1)!.toFixed(2), String(times[0]!.boxes)]);
  }
  const what = `OWL-ViT base/32, random weights, float16, ${images} images, ${CORES} cores`;
  printTable(`A question about a run, ${what}`, ['question', 's', 'boxes'], rows);
  const each = (images / 1000).toFixed(1);
  printGoals([
    { figure: '1 prompt', measured: medians[0]!, goal: Number(each), atLeast: false, unit: 's' },
    { figure: 'more like a box', measured: medians[3]!, goal: Number(each), atLeast: false, unit: 's' },
  ]);
  await rm(run.images, { recursive: true });
}

async function timeOf(asker: Asker, question: Ontology): Promise<{ seconds: number; boxes: number }> {
  const began = performance.now();
  const { facts, boxes } = await asker.ask(question, new AbortController().signal);
  if (facts.failures.length > 0) throw new Error(`${facts.failures.length} images have no features`);
  return { seconds: (performance.now() - began) / 1000, boxes: boxes.scores.length };
}

/** A run of many images with features, of which few are encoded: that takes a second each. */
async function annotateCopies(folder: string, count: number) {
  const model = await fullSizeCheckpoint();
  const photos = await writePhotos(join(folder, 'ask-photos'), 2 * CORES);
  const store = join(folder, 'ask-features');
  const flags = [...WORKERS, ...FLOOR, '--features', store];
  const common = { folder, model, flags, ontology: await writeOntology(folder, 2) };
  await annotate({ ...common, images: photos });
  const images = await copyPhotos(photos, count, join(folder, 'ask-many'));
  await copyFeatures({ store, photos, images });
  const { running, out } = start({ ...common, images: [images] });
  await finish(running, out);
  return { images, store, out };
}
