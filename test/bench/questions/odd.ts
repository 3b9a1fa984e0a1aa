import { askOddly } from '../../support/clients/odd-clients.js';
import { EMOJI } from '../../support/cli.js';
import { startServer } from '../support/load.js';
import { residentMegabytes } from '../support/processes.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const FIRST_SEED = 1_000_000; // those below are the tests'

/** Ten minutes of requests that are damaged in every way: does it crash, hang, grow, or take the fault for its own? */
export async function odd({ quick }: Bench): Promise<void> {
  await using server = await startServer([...EMOJI, '--no-url', '--receive-timeout-sec', '2', '--device', 'cpu']);
  const phases = quick ? [10, 10] : [60, 540];
  const held: { server: number; workers: number }[] = []; // MB
  const seeds = count(FIRST_SEED);
  const faults: string[] = [];
  const all = new Map<string, number>();
  for (const seconds of phases) {
    const end = performance.now() + seconds * 1000;
    const outcome = await askOddly(server.url, until(end, seeds));
    faults.push(...outcome.faults);
    outcome.counts.forEach((times, status) => all.set(status, (all.get(status) ?? 0) + times));
    const workers = await server.running.workers();
    held.push({ server: residentMegabytes([server.running.child.pid!]), workers: residentMegabytes(workers) });
  }
  const rows = [...all].sort().map(([status, times]) => [status, String(times)]);
  printTable('Damaged requests of every kind, by what they were answered', ['status', 'answers'], rows);
  faults.slice(0, 20).forEach((fault) => process.stdout.write(`${fault}\n`));
  const restarts = (await server.metrics('worker_restarts_total')).reduce((sum, one) => sum + one, 0);
  const [early, late] = [held[0]!, held.at(-1)!];
  printTable(
    'What the processes hold. Decoders of damaged images may ask for all that --max-pixels allows',
    ['', 'first', 'last'],
    (['server', 'workers'] as const).map((name) => [`${name}, MB`, early[name].toFixed(0), late[name].toFixed(0)]),
  );
  printGoals([
    { figure: 'faults of the server', measured: faults.length, goal: 0, atLeast: false, unit: '' },
    { figure: 'workers lost', measured: restarts, goal: 0, atLeast: false, unit: '' },
    { figure: 'the server itself grows', measured: late.server - early.server, goal: 30, atLeast: false, unit: 'MB' },
  ]);
}

function* count(from: number): Generator<number, never> {
  for (let seed = from; ; seed++) yield seed;
}

function* until(end: number, seeds: Iterator<number, never>): Generator<number> {
  while (performance.now() < end) yield seeds.next().value;
}
