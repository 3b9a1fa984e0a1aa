import { setTimeout as sleep } from 'node:timers/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EMOJI, SCENES } from '../../support/cli.js';
import { fullSizeCheckpoint } from '../checkpoint/checkpoint.js';
import { writeOntology } from '../support/command.js';
import {
  ask,
  askingShareOf,
  percentile,
  rateOf,
  rateWithoutAsking,
  startServer,
  type Answers,
} from '../support/load.js';
import { undisturbed } from '../support/machine.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const CROWD = 500;
const TIMES = 10; // what the server can do
const ALLOWED = ['200', '429', '504'];
const RECOVERY_SEC = 5;

interface Setting {
  readonly name: string;
  readonly model: readonly string[]; // and its ontology, as options
  readonly seconds: number; // of each part
  readonly timeoutSec: number; // more than 64 images take
}

/**
 * 500 clients at a server with 64 places: is each answered, how soon are the refused ones, does it recover?
 *
 * Asking ten times as often takes more of the cores that the server computes on, so rates are compared without it:
 * 200s/s / (1 - CPU seconds that asking took / (seconds * cores)).
 */
export async function overload({ folder, quick }: Bench): Promise<void> {
  const scenes = (await readdir(SCENES)).filter((name) => name.endsWith('.jpg')).map((name) => join(SCENES, name));
  const full = ['--model', await fullSizeCheckpoint(), '--ontology', await writeOntology(folder, 20)];
  const settings: Setting[] = [
    { name: 'builtin:emoji', model: EMOJI, seconds: quick ? 5 : 30, timeoutSec: 5 },
    { name: 'OWL-ViT base/32', model: full, seconds: quick ? 15 : 60, timeoutSec: 120 },
  ];
  for (const setting of settings) {
    const { result, others } = await undisturbed(() => crowd(setting, scenes));
    report(setting, result, others);
  }
}

async function crowd({ model, seconds, timeoutSec }: Setting, files: readonly string[]) {
  const args = ['--device', 'cpu', '--queue-items', '64', '--timeout-sec', String(timeoutSec)];
  await using server = await startServer([...model, ...args]);
  await ask(server, { files, connections: 8, amount: 16 });
  const best = await ask(server, { files, connections: 32, seconds });
  const rate = Math.ceil(TIMES * rateOf(best));
  const crowded = await ask(server, { files, connections: CROWD, seconds, rate });
  await sleep(RECOVERY_SEC * 1000);
  const after = await ask(server, { files, connections: 32, seconds });
  return { best, crowded, after };
}

function report(
  { name: model }: Setting,
  { best, crowded, after }: Record<'best' | 'crowded' | 'after', Answers>,
  others: number,
): void {
  const row = (name: string, answers: Answers) => {
    const { milliseconds, sent, errors, timeouts } = answers;
    const statuses = Object.entries(milliseconds).map(([status, { length }]) => `${length} x ${status}`);
    const late = (status: string, share: number) => percentile(milliseconds[status] ?? [], share).toFixed(0);
    const waits = [late('200', 0.5), late('200', 0.99), late('429', 0.5), late('429', 0.99)];
    const asking = `${(100 * askingShareOf(answers)).toFixed(1)} %`;
    const rates = [rateOf(answers).toFixed(1), asking, rateWithoutAsking(answers).toFixed(1)];
    return [name, String(sent), statuses.join(', '), String(errors + timeouts), ...rates, ...waits];
  };
  printTable(
    `preannotate serve, ${model}, --queue-items 64, shipped scenes. ` +
      `others: ${others.toFixed(2)} CPUs taken by other processes.\n` +
      `${CROWD} clients ask for ${TIMES} times what 32 get. p50, p99: ms of a request\n` +
      'asking: what the clients took of all cores; without: 200s/s / (1 - asking)',
    ['clients', 'sent', 'answers', 'broken', '200s/s', 'asking', 'without', 'p50 200', 'p99 200', 'p50 429', 'p99 429'],
    [row('32', best), row(String(CROWD), crowded), row('32, 5 s later', after)],
  );
  const strange = Object.keys(crowded.milliseconds).filter((status) => !ALLOWED.includes(status)).length;
  const answered = Object.values(crowded.milliseconds).reduce((sum, { length }) => sum + length, 0);
  const lost = crowded.sent - answered;
  printGoals([
    { figure: `${model}: statuses other than 200, 429, 504`, measured: strange, goal: 0, atLeast: false, unit: '' },
    { figure: `${model}: connections broken`, measured: crowded.errors, goal: 0, atLeast: false, unit: '' },
    { figure: `${model}: requests without an answer`, measured: lost, goal: 0, atLeast: false, unit: '' },
    {
      figure: `${model}: 200s against the best, without asking`,
      measured: rateWithoutAsking(crowded) / rateWithoutAsking(best),
      goal: 0.9,
      atLeast: true,
      unit: 'x',
    },
    {
      figure: `${model}: 200s afterwards, without asking`,
      measured: rateWithoutAsking(after) / rateWithoutAsking(best),
      goal: 0.95,
      atLeast: true,
      unit: 'x',
    },
  ]);
}
