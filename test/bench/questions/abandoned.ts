import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EMOJI, SCENES } from '../../support/cli.js';
import type { TestServer } from '../../support/server.js';
import { ask, rateOf, startServer, type Answers } from '../support/load.js';
import { undisturbed } from '../support/machine.js';
import { printGoals, printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

const CLIENTS = 32;
const SETTLE_SEC = 2;

/** What is left in the server when no client is. */
const GAUGES = ['admitted_items', 'queue_items', 'queue_bytes'] as const;

/** What clients got, and what the server computed meanwhile. */
interface Part {
  readonly answers: Answers;
  readonly computed: number; // images
}

/**
 * Some clients leave before they are answered: do the others get as much as without them, how many images are computed
 * for no client, and is nothing left behind?
 */
export async function abandoned({ quick, abortShare }: Bench): Promise<void> {
  const files = (await readdir(SCENES)).filter((name) => name.endsWith('.jpg')).map((name) => join(SCENES, name));
  const seconds = quick ? 5 : 30;
  const { result, others } = await undisturbed(async () => {
    await using server = await startServer([...EMOJI, '--device', 'cpu', '--queue-items', '64']);
    await ask(server, { files, connections: 8, amount: 16 });
    const load = { files, connections: CLIENTS, seconds, abortAfterMs: 0 };
    const patient = await measure(server, () => ask(server, { ...load, abortShare: 0 }));
    const waitMs = medianOf(patient.answers.milliseconds['200'] ?? []);
    // Half of the usual wait: most of those that leave are still queued, some are being computed.
    const leave = { ...load, abortShare, abortAfterMs: Math.max(1, Math.round(waitMs / 2)) };
    const leaving = await measure(server, () => ask(server, leave));
    await sleep(SETTLE_SEC * 1000);
    const gauges = await Promise.all(GAUGES.map((name) => server.metric(name)));
    return { patient, leaving, left: gauges.reduce((sum, value) => sum + (value || 0), 0) };
  });
  report({ ...result, abortShare, others });
}

async function measure(server: TestServer, load: () => Promise<Answers>): Promise<Part> {
  const before = await server.metric('batch_size_sum');
  const answers = await load();
  await sleep(SETTLE_SEC * 1000); // what is being computed for clients that have left ends
  return { answers, computed: (await server.metric('batch_size_sum')) - before };
}

function report({
  patient,
  leaving,
  left,
  abortShare,
  others,
}: Record<'patient' | 'leaving', Part> & { left: number; abortShare: number; others: number }): void {
  const row = (name: string, { answers, computed }: Part) => {
    const { sent, aborted = 0, errors, milliseconds } = answers;
    const answered = (milliseconds['200'] ?? []).length;
    return [name, sent, aborted, answered, errors, rateOf(answers).toFixed(1), computed, computed - answered].map(
      String,
    );
  };
  printTable(
    `preannotate serve, builtin:emoji, ${CLIENTS} clients, shipped scenes. ` +
      `others: ${others.toFixed(2)} CPUs taken by other processes.\n` +
      'computed: images in forward passes; wasted: those that no client got',
    ['clients', 'sent', 'aborted', '200s', 'broken', '200s/s', 'computed', 'wasted'],
    [row('all wait', patient), row(`${abortShare} of requests aborted`, leaving)],
  );
  const { aborted = 0 } = leaving.answers;
  const wasted = leaving.computed - (leaving.answers.milliseconds['200'] ?? []).length;
  const figure = (name: string, measured: number, goal: number, atLeast: boolean, unit: string) => {
    return { figure: name, measured, goal, atLeast, unit };
  };
  printGoals([
    figure(
      '200s of clients that wait, against none aborting',
      rateOf(leaving.answers) / rateOf(patient.answers),
      0.7,
      true,
      'x',
    ),
    figure('passes wasted, of aborted requests', wasted / Math.max(1, aborted), 0.5, false, 'x'),
    figure('connections broken', leaving.answers.errors, 0, false, ''),
    figure('left in the gauges of the queue', left, 0, false, ''),
  ]);
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
