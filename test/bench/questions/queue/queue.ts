import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMOJI, manyScenes, Running } from '../../../support/cli.js';
import { CORES, ENVIRONMENT, finish } from '../../support/command.js';
import { undisturbed } from '../../support/machine.js';
import { cpuSeconds } from '../../support/processes.js';
import { startRedis } from '../../support/redis.js';
import { median } from '../../support/statistics.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const WORKERS = ['--device', 'cpu', '--workers-per-device', String(CORES), '--threads', '1'];
const WARM = 0.2; // share of the images that is annotated before the clock starts: models are open by then

/** How fast is a run through a queue, with its worker, its Redis and itself on the cores that a local run has alone? */
export async function queue({ folder, quick }: Bench): Promise<void> {
  const images = join(folder, 'queue-photos');
  const total = await manyScenes(images, quick ? 8 : 40);
  let runs = 0;
  const run = (more: readonly string[]) => {
    const out = join(folder, `queue-${++runs}`);
    const args = ['run', images, ...EMOJI, '--out', out, '--format', 'coco', '--quiet', ...more];
    return { running: new Running(args, { env: ENVIRONMENT }), out };
  };
  const local = async () => {
    const { running, out } = run(WORKERS);
    const rate = await rateOf(out, total);
    await finish(running, out);
    return { rate, redis: 0 };
  };
  const queued = async () => {
    await using redis = await startRedis(folder);
    const args = ['worker', '--queue', redis.url, '--root', folder, '--quiet', ...WORKERS];
    const worker = new Running(args, { env: ENVIRONMENT });
    const { running, out } = run(['--queue', redis.url]);
    const rate = await rateOf(out, total);
    const used = cpuSeconds([redis.pid]) / (total / rate);
    await finish(running, out);
    worker.child.kill('SIGTERM');
    await worker.finished();
    return { rate, redis: used };
  };
  await local(); // fills the caches
  const rounds: { local: number; queued: number; redis: number; others: number }[] = [];
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    const { result, others } = await undisturbed(async () => ({ local: await local(), queued: await queued() }));
    rounds.push({ local: result.local.rate, queued: result.queued.rate, redis: result.queued.redis, others });
  }
  printTable(
    `preannotate run of ${total} images, builtin:emoji, ${CORES} workers on ${CORES} cores, alone and through a queue`,
    ['round', 'local images/s', 'queue images/s', 'ratio', 'Redis CPUs', 'others'],
    rounds.map(({ local: alone, queued: through, redis, others }, i) => [
      ...[String(i + 1), alone.toFixed(1), through.toFixed(1), (through / alone).toFixed(3)],
      ...[redis.toFixed(3), others.toFixed(2)],
    ]),
  );
  const ratio = median(rounds.map((round) => round.queued / round.local));
  printGoals([{ figure: 'queue against local', measured: ratio, goal: 0.95, atLeast: true, unit: 'x' }]);
}

/** Images a second of a run that has begun, once a part of them is annotated. */
async function rateOf(out: string, total: number): Promise<number> {
  const first = await untilLines(out, Math.floor(total * WARM));
  const last = await untilLines(out, total);
  return (last.images - first.images) / ((last.atMs - first.atMs) / 1000);
}

async function untilLines(out: string, wanted: number): Promise<{ images: number; atMs: number }> {
  for (;;) {
    const bytes = await readFile(join(out, 'detections.jsonl')).catch(() => Buffer.alloc(0));
    const atMs = performance.now();
    const images = countLines(bytes) - 1; // the header
    if (images >= wanted) return { images, atMs };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}
