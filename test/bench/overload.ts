import { setTimeout as sleep } from 'node:timers/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EMOJI, SCENES } from '../support/cli.js';
import { ask, percentile, rateOf, startServer, type Answers } from './load.js';
import { undisturbed } from './machine.js';
import { printGoals, printTable } from './table.js';
import type { Bench } from './workspace.js';

const CROWD = 500;
const TIMES = 10; // what the server can do
const ALLOWED = ['200', '429', '504'];
const RECOVERY_SEC = 5;

/** What becomes of 500 clients at a server with 64 places: is every one answered, how soon are those sent away, is it well afterwards? */
export async function overload({ quick }: Bench): Promise<void> {
  const scenes = (await readdir(SCENES)).filter((name) => name.endsWith('.jpg')).map((name) => join(SCENES, name));
  const seconds = quick ? 5 : 30;
  const { result, others } = await undisturbed(async () => {
    await using server = await startServer([...EMOJI, '--device', 'cpu', '--queue-items', '64', '--timeout-sec', '5']);
    await ask(server, { files: scenes, connections: 8, amount: 40 });
    const best = await ask(server, { files: scenes, connections: 32, seconds });
    const rate = Math.round(TIMES * rateOf(best)); // without it they would do nothing but ask again, and take the CPUs for that
    const crowded = await ask(server, { files: scenes, connections: CROWD, seconds, rate });
    await sleep(RECOVERY_SEC * 1000);
    const after = await ask(server, { files: scenes, connections: 32, seconds });
    return { best, crowded, after };
  });
  report(result, others);
}

function report({ best, crowded, after }: Record<'best' | 'crowded' | 'after', Answers>, others: number): void {
  const row = (name: string, answers: Answers) => {
    const { milliseconds, sent, errors, timeouts } = answers;
    const statuses = Object.entries(milliseconds).map(([status, { length }]) => `${length} x ${status}`);
    const late = (status: string, share: number) => percentile(milliseconds[status] ?? [], share).toFixed(0);
    const waits = [late('200', 0.5), late('200', 0.99), late('429', 0.5), late('429', 0.99)];
    return [name, String(sent), statuses.join(', '), String(errors + timeouts), rateOf(answers).toFixed(1), ...waits];
  };
  printTable(
    `preannotate serve, builtin:emoji, --queue-items 64, shipped scenes. others: ${others.toFixed(2)} CPUs taken by other processes.\n` +
      `${CROWD} clients ask for ${TIMES} times what 32 get. p50, p99: ms of a request`,
    ['clients', 'sent', 'answers', 'broken', '200s/s', 'p50 200', 'p99 200', 'p50 429', 'p99 429'],
    [row('32', best), row(String(CROWD), crowded), row('32, 5 s later', after)],
  );
  const strange = Object.keys(crowded.milliseconds).filter((status) => !ALLOWED.includes(status)).length;
  const answered = Object.values(crowded.milliseconds).reduce((sum, { length }) => sum + length, 0);
  const open = crowded.sent - answered; // when time was up; no more than there are clients
  printGoals([
    { figure: 'statuses other than 200, 429, 504', measured: strange, goal: 0, atLeast: false, unit: '' },
    { figure: 'connections broken', measured: crowded.errors, goal: 0, atLeast: false, unit: '' },
    { figure: 'not answered when time was up', measured: open, goal: CROWD, atLeast: false, unit: '' },
    { figure: '200s against the best', measured: rateOf(crowded) / rateOf(best), goal: 0.9, atLeast: true, unit: 'x' },
    { figure: '200s afterwards', measured: rateOf(after) / rateOf(best), goal: 0.95, atLeast: true, unit: 'x' },
  ]);
}
