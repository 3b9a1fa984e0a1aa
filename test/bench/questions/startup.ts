import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { readOwlCheckpoint } from '../../support/model/owl.js';
import { buildImageGraph } from '../../../src/model/owl/graphs.js';
import { openSession, toLibraryOptions, type SessionOptions } from '../../../src/model/session.js';
import { EMOJI, SCENES } from '../../support/cli.js';
import { FIXTURES, ROOT } from '../../support/model/golden.js';
import { fullSizeCheckpoint, VISION } from '../checkpoint/checkpoint.js';
import { CORES, finish, start, writeOntology } from '../support/command.js';
import { writePhotos } from '../support/images.js';
import { undisturbed } from '../support/machine.js';
import { median } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const POLL_MS = 2;
const OPEN_PROCESS = join(ROOT, 'test/bench/support/open-process.mjs');
const ROUNDS = 11;
const PROGRAM = join(ROOT, 'bin/preannotate.js');
const COLUMNS = ['alone', 'open', 'ready', 'first', 'others'] as const;
type Seconds = [alone: number, open: number, ready: number, first: number];

/** A command whose start is measured. */
interface Case {
  readonly name: string;
  readonly images: readonly string[];
  readonly model: string;
  readonly folder: string; // of the model
  readonly ontology: string;
}

/** Seconds from the start of a process. */
interface Start {
  readonly ready: number; // the model is open, and the prompts are there
  readonly first: number; // the first result is in detections.jsonl
}

/**
 * How long do --version and --help take? How long is it until the model is open, and until the first result is in
 * detections.jsonl, when every cache is warm?
 */
export async function startup({ folder, quick }: Bench): Promise<void> {
  const rounds = quick ? 3 : ROUNDS;
  const commands = await timeCommands(rounds);
  const model = await fullSizeCheckpoint();
  const photos = await writePhotos(join(folder, 'startup-photos'), 1);
  const cases: Case[] = [
    {
      name: 'builtin:emoji',
      images: [join(SCENES, 'scene-01.jpg')],
      model: 'builtin:emoji',
      folder: join(FIXTURES, 'models', 'owlvit-emoji'),
      ontology: EMOJI[3]!,
    },
    { name: 'OWL-ViT base/32, fp32', images: photos, model, folder: model, ontology: await writeOntology(folder, 20) },
  ];
  const rows: string[][] = [];
  const seconds: number[][] = [];
  for (const each of cases) {
    await startSeconds(folder, each); // fills the caches
    const measured: (Start & { open: number; alone: number; others: number })[] = [];
    for (let round = 0; round < rounds; round++) {
      const { result, others } = await undisturbed(async () => {
        const alone = await aloneSeconds(folder, each.folder);
        return { ...(await startSeconds(folder, each)), open: await openSeconds(each.folder), alone };
      });
      measured.push({ ...result, others });
    }
    const middle = (key: (typeof COLUMNS)[number]) => median(measured.map((round) => round[key]));
    rows.push([each.name, ...COLUMNS.map((key) => middle(key).toFixed(2))]);
    seconds.push(COLUMNS.map(middle));
  }
  printTable(
    `Seconds with warm caches, medians of ${rounds}.\n` +
      'alone: a process that only loads ONNX Runtime and opens the graph, with the same weights and options;\n' +
      'open: that in a process that runs already; ready: our model is open, and prompts are there;\n' +
      'first: the first result is written',
    ['model', ...COLUMNS],
    rows,
  );
  const [[, , , emojiFirst], [fullAlone, fullOpen, fullReady]] = seconds as [Seconds, Seconds];
  printGoals([
    ...commands.map(({ name, seconds }) => {
      return { figure: `preannotate ${name}`, measured: seconds, goal: 0.15, atLeast: false, unit: 's' };
    }),
    { figure: 'first result of builtin:emoji', measured: emojiFirst, goal: 0.45, atLeast: false, unit: 's' },
    {
      figure: `opening OWL-ViT base/32 at ${VISION.image} px`,
      measured: fullOpen,
      goal: 0.6,
      atLeast: false,
      unit: 's',
    },
    { figure: 'OWL-ViT base/32 ready', measured: fullReady, goal: 1.5 * fullAlone, atLeast: false, unit: 's' },
  ]);
}

/** Node alone shows what of it is not ours. */
async function timeCommands(rounds: number): Promise<{ name: string; seconds: number }[]> {
  const commands = [
    { name: 'node alone', args: ['--eval', '0'] },
    { name: '--version', args: [PROGRAM, '--version'] },
    { name: '--help', args: [PROGRAM, '--help'] },
    { name: 'run --help', args: [PROGRAM, 'run', '--help'] },
  ];
  const figures: { name: string; seconds: number }[] = [];
  const rows: string[][] = [];
  for (const { name, args } of commands) {
    const { result, others } = await undisturbed(() =>
      Promise.resolve(Array.from({ length: rounds }, () => time(args))),
    );
    const seconds = median(result);
    figures.push({ name, seconds });
    rows.push([name, seconds.toFixed(3), others.toFixed(2)]);
  }
  printTable('Seconds of commands that need no model', ['command', 'seconds', 'others'], rows);
  return figures.filter(({ name }) => ['--version', '--help'].includes(name));
}

function time(args: readonly string[]): number {
  const begin = performance.now();
  spawnSync(process.execPath, args, { stdio: 'ignore' });
  return (performance.now() - begin) / 1000;
}

/** The header is written when the workers are ready; the file has grown beyond it when an image is done. */
async function startSeconds(folder: string, { images, model, ontology }: Case): Promise<Start> {
  const begin = performance.now();
  const { running, out } = start({ folder, images, model, ontology, flags: ['--device', 'cpu'] });
  const finished = finish(running, out);
  const journal = join(out, 'detections.jsonl');
  let header = 0;
  let ready = NaN;
  const elapsed = () => (performance.now() - begin) / 1000;
  for (;;) {
    const size = await stat(journal).then(
      (found) => found.size,
      () => 0,
    );
    if (header > 0 && size > header) break;
    if (header === 0 && size > 0) ready = elapsed();
    header ||= size;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, POLL_MS)), finished]); // a failure ends the wait
  }
  const first = elapsed();
  await finished;
  return { ready, first };
}

/** The same graph, opened by a process that does nothing else, from its start. */
async function aloneSeconds(folder: string, model: string): Promise<number> {
  const { graph, weightsFolder } = await graphOf(model);
  const path = join(folder, 'alone.onnx');
  await writeFile(path, graph);
  const begin = performance.now();
  const args = [OPEN_PROCESS, path, JSON.stringify(toLibraryOptions(optionsOf(weightsFolder)))];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const seconds = (performance.now() - begin) / 1000;
  await once(child, 'exit');
  return seconds;
}

async function graphOf(folder: string) {
  const checkpoint = await readOwlCheckpoint(folder);
  const { image_size: side } = checkpoint.config.vision_config;
  const graph = buildImageGraph(checkpoint, { size: { height: side, width: side }, maxDetections: 300 });
  return { graph, weightsFolder: checkpoint.weightsFolder };
}

/** As a run over one image has them: one worker with all cores. */
function optionsOf(weightsFolder: string): SessionOptions {
  return { device: { provider: 'cpu' }, threads: CORES, weightsFolder };
}

/** The same graph, opened by ONNX Runtime in a process that runs already. */
async function openSeconds(folder: string): Promise<number> {
  const { graph, weightsFolder } = await graphOf(folder);
  const begin = performance.now();
  const session = await openSession(graph, optionsOf(weightsFolder));
  const seconds = (performance.now() - begin) / 1000;
  await session.release();
  return seconds;
}
