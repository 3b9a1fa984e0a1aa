import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMOJI, manyScenes, Running, untilJournalled } from '../../../support/cli.js';
import { Random } from '../../../support/random.js';
import { ENVIRONMENT } from '../../support/command.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

/** How long a worker is left alone, in ms: shorter than its start, about as long, and far longer. */
const INTERVALS = [
  [50, 600],
  [100, 900],
  [300, 1500],
] as const;
const BATCHES = [1, 8];

/** Does a run lose an image when its two workers are killed at random times, again and again? */
export async function kills({ folder, quick }: Bench): Promise<void> {
  const images = join(folder, 'kill-scenes');
  const total = await manyScenes(images, 8);
  const rows: string[][] = [];
  let lost = 0;
  for (let seed = 0; seed < (quick ? 1 : 4); seed++) {
    for (const [shortest, longest] of INTERVALS) {
      for (const batch of BATCHES) {
        const out = join(folder, `kills-${seed}-${shortest}-${batch}`);
        const flags = ['--workers-per-device', '2', '--max-batch-size', String(batch), '--device', 'cpu'];
        const running = new Running(['run', images, ...EMOJI, '--out', out, ...flags], { env: ENVIRONMENT });
        const killed = await killAtRandom(running, { out, random: new Random(seed), shortest, longest });
        const failed = await failuresIn(out);
        lost += failed.length;
        const code = String(running.child.exitCode);
        rows.push([String(seed), `${shortest}-${longest}`, String(batch), String(killed), code, failed.join(' ')]);
      }
    }
  }
  printTable(
    `${total} images, two workers killed at random`,
    ['seed', 'every ms', 'batch', 'kills', 'exit', 'failed'],
    rows,
  );
  printGoals([{ figure: 'images that failed', measured: lost, goal: 0, atLeast: false, unit: '' }]);
}

/** @returns How many were killed by the time that the run ended. */
async function killAtRandom(
  running: Running,
  { out, random, shortest, longest }: { out: string; random: Random; shortest: number; longest: number },
): Promise<number> {
  let count = 0;
  const finished = running.finished();
  await Promise.race([finished, untilJournalled(out, 1)]);
  const pause = (ms: number) => new Promise<undefined>((resolve) => void setTimeout(resolve, ms, undefined));
  while ((await Promise.race([finished, pause(shortest + random.below(longest - shortest))])) === undefined) {
    const workers = await running.workers();
    if (workers.length === 0) continue;
    try {
      process.kill(random.oneOf(workers), 'SIGKILL');
      count++;
    } catch {
      // it has just ended
    }
  }
  return count;
}

async function failuresIn(out: string): Promise<string[]> {
  const text = await readFile(join(out, 'errors.jsonl'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (JSON.parse(line) as { code: string }).code);
}
