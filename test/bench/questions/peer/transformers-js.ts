import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assertSameModel } from '../../peer/agreement.js';
import { fullSizeCheckpoint } from '../../checkpoint/checkpoint.js';
import { annotate, CORES, promptsOf, writeOntology } from '../../support/command.js';
import { exportForTransformersJs, quantiseExport } from '../../peer/export.js';
import { writePhotos } from '../../support/images.js';
import { undisturbed } from '../../support/machine.js';
import { median } from '../../support/statistics.js';
import { printGoals, printTable } from '../../support/table.js';
import type { PeerAnswer, PeerRequest } from '../../peer/transformers-process.js';
import type { Bench } from '../../support/workspace.js';

/** A form of the model, on both sides. */
interface Form {
  readonly ours: 'fp32' | 'int8';
  readonly peer: 'fp32' | 'q8';
  readonly goals: readonly { readonly prompts: number; readonly goal: number }[];
}

/** The forms that are compared, with prompts and goals as multiples of the peer's images a second. */
const FORMS: readonly Form[] = [
  {
    ...{ ours: 'fp32', peer: 'fp32' },
    goals: [
      { prompts: 2, goal: 1.4 },
      { prompts: 20, goal: 1.6 },
      { prompts: 80, goal: 1.9 },
    ],
  },
  { ours: 'int8', peer: 'q8', goals: [{ prompts: 20, goal: 1 }] },
];
const PEER_PROGRAM = fileURLToPath(new URL('../../peer/transformers-process.ts', import.meta.url));

/** Seconds an image, both measured within a minute. */
interface Round {
  readonly ours: number;
  readonly peer: number;
  readonly others: number;
}

/** How much faster is `preannotate run` than transformers.js, with the same weights, images and cores, in turns? */
export async function transformersJs(bench: Bench): Promise<void> {
  const model = await fullSizeCheckpoint();
  const exported = await exportForTransformersJs(model);
  const difference = await assertSameModel(model, exported);
  process.stdout.write(
    '\nThe export for transformers.js: external data, decomposed operators, text encoder inside; ' +
      `its logits and boxes are ours within ${difference.toExponential(0)}\n`,
  );
  for (const form of FORMS) {
    const missing = form.peer === 'q8' ? await quantiseExport(exported) : undefined;
    if (missing === undefined) await compare(form, { model, exported }, bench);
    else process.stdout.write(`transformers.js q8: ${missing}\n`);
  }
}

async function compare(
  form: Form,
  { model, exported }: { model: string; exported: string },
  { folder, quick }: Bench,
): Promise<void> {
  const photos = await writePhotos(join(folder, 'peer-photos'), (quick ? 4 : 6) * CORES);
  const peerPhotos = photos.slice(0, quick ? 3 : 5);
  await using peer = await Peer.open(exported, form.peer);
  const measure = async (prompts: number) => {
    const { ms, detections } = await peer.ask({ images: peerPhotos, prompts: await promptsOf(prompts) });
    const ontology = await writeOntology(folder, prompts);
    const flags = ['--device', 'cpu', '--precision', form.ours];
    const { timings } = await annotate({ folder, images: photos, model, ontology, flags });
    return { ours: 1 / timings['images_per_second']!, peer: median(ms) / 1000, detections };
  };
  const rounds = form.goals.map((): Round[] => []);
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const [i, { prompts }] of form.goals.entries()) {
      if (round === 0) await measure(prompts); // both warm up, and our text embeddings are cached
      const { result, others } = await undisturbed(() => measure(prompts));
      rounds[i]!.push({ ...result, others });
    }
  }
  report(form, rounds, peer.openMs);
}

function report({ ours, peer, goals }: Form, rounds: readonly (readonly Round[])[], openMs: number): void {
  const rows = goals.map(({ prompts }, i) => {
    const middle = (value: (round: Round) => number) => median(rounds[i]!.map(value));
    const ratio = middle((round) => round.peer / round.ours);
    const cells = [middle((round) => round.ours), middle((round) => round.peer), ratio, middle(({ others }) => others)];
    return [String(prompts), ...cells.map((cell) => cell.toFixed(2))];
  });
  const title =
    `OWL-ViT base/32, ${ours} against ${peer}, cpu, ${CORES} cores for each, 1280x960 JPEGs, seconds an image; ` +
    `transformers.js opened its model in ${(openMs / 1000).toFixed(1)} s`;
  printTable(title, ['prompts', 'preannotate', 'transformers.js', 'ratio', 'others'], rows);
  printGoals(
    goals.map(({ prompts, goal }, i) => ({
      figure: `images/s, ${ours} against transformers.js ${peer}, ${prompts} prompts`,
      measured: median(rounds[i]!.map((round) => round.peer / round.ours)),
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

  static async open(exported: string, dtype: 'fp32' | 'q8'): Promise<Peer> {
    const child = fork(PEER_PROGRAM, [exported, dtype], { execArgv: ['--import', 'tsx'] });
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
