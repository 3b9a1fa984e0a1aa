import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assertSameModel } from '../peer/agreement.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { annotate, CORES, promptsOf, writeOntology } from '../support/command.js';
import { exportForTransformersJs } from '../peer/export.js';
import { writePhotos } from '../support/images.js';
import { undisturbed } from '../support/machine.js';
import { median } from '../support/statistics.js';
import { printGoals, printTable } from '../support/table.js';
import type { PeerAnswer, PeerRequest } from '../peer/transformers-process.js';
import type { Bench } from '../support/workspace.js';

/** Prompts, and the goal as a multiple of the peer's images a second. */
const GOALS = [
  { prompts: 2, goal: 1.4 },
  { prompts: 20, goal: 1.6 },
  { prompts: 80, goal: 1.9 },
];
const PEER_PROGRAM = fileURLToPath(new URL('../peer/transformers-process.ts', import.meta.url));

/** Seconds an image, both measured within a minute. */
interface Round {
  readonly ours: number;
  readonly peer: number;
  readonly others: number;
}

/** How much faster is `preannotate run` than transformers.js, with the same weights, images and cores, in turns? */
export async function peer({ folder, quick }: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const exported = await exportForTransformersJs(model);
  const difference = await assertSameModel(model, exported);
  const photos = await writePhotos(join(folder, 'peer-photos'), (quick ? 4 : 6) * CORES);
  const peerPhotos = photos.slice(0, quick ? 3 : 5);
  await using transformersJs = await Peer.open(exported);
  const measure = async (prompts: number) => {
    const { ms, detections } = await transformersJs.ask({ images: peerPhotos, prompts: await promptsOf(prompts) });
    const ontology = await writeOntology(folder, prompts);
    const { timings } = await annotate({
      folder,
      images: photos,
      model,
      ontology,
      flags: ['--device', 'cpu', '--precision', 'fp32'],
    });
    return { ours: 1 / timings['images_per_second']!, peer: median(ms) / 1000, detections };
  };
  const rounds = GOALS.map((): Round[] => []);
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const [i, { prompts }] of GOALS.entries()) {
      if (round === 0) await measure(prompts); // both warm up, and our text embeddings are cached
      const { result, others } = await undisturbed(() => measure(prompts));
      rounds[i]!.push({ ...result, others });
    }
  }
  report(rounds, { openMs: transformersJs.openMs, difference });
}

function report(
  rounds: readonly (readonly Round[])[],
  { openMs, difference }: { openMs: number; difference: number },
): void {
  const rows = GOALS.map(({ prompts }, i) => {
    const middle = (value: (round: Round) => number) => median(rounds[i]!.map(value));
    const ratio = middle(({ ours, peer }) => peer / ours);
    const cells = [middle(({ ours }) => ours), middle(({ peer }) => peer), ratio, middle(({ others }) => others)];
    return [String(prompts), ...cells.map((cell) => cell.toFixed(2))];
  });
  const title =
    `OWL-ViT base/32, fp32, cpu, ${CORES} cores for each, 1280x960 JPEGs, seconds an image; ` +
    `transformers.js opened its model in ${(openMs / 1000).toFixed(1)} s.\n` +
    'Its export: external data, decomposed operators, text encoder inside; ' +
    `its logits and boxes are ours within ${difference.toExponential(0)}`;
  printTable(title, ['prompts', 'preannotate', 'transformers.js', 'ratio', 'others'], rows);
  printGoals(
    GOALS.map(({ prompts, goal }, i) => ({
      figure: `images/s against transformers.js, ${prompts} prompts`,
      measured: median(rounds[i]!.map(({ ours, peer }) => peer / ours)),
      goal,
      atLeast: true,
      unit: 'x',
    })),
  );
}

/** A child process with transformers.js in it. The caller disposes of it. */
class Peer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly openMs: number;

  private constructor(child: ChildProcess, openMs: number) {
    this.#child = child;
    this.openMs = openMs;
  }

  static async open(exported: string): Promise<Peer> {
    const child = fork(PEER_PROGRAM, [exported], { execArgv: ['--import', 'tsx'] });
    const answer = await answerOf(child);
    if (answer.type !== 'open') throw new Error('transformers.js answered before it was asked. This is a bug.');
    return new Peer(child, answer.openMs);
  }

  /** Runs the images one by one, as the pipeline takes them. */
  async ask(request: PeerRequest): Promise<Extract<PeerAnswer, { type: 'done' }>> {
    this.#child.send(request);
    const answer = await answerOf(this.#child);
    if (answer.type !== 'done') throw new Error('transformers.js opened twice. This is a bug.');
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill();
    await exited;
  }
}

/** The next message. @throws Error when the process ends instead. */
async function answerOf(child: ChildProcess): Promise<PeerAnswer> {
  const given = new AbortController();
  const { signal } = given;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]) => message as PeerAnswer),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`transformers.js ended with ${String(code)}`);
      }),
    ]);
  } finally {
    given.abort();
  }
}
