import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatNames } from '../../../../src/formats/index.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const PROCESS = fileURLToPath(new URL('../../support/formats-process.mjs', import.meta.url));

interface Measured {
  readonly count: number;
  readonly seconds: number;
  readonly peakMb: number;
}

/**
 * How long does each format take to write, to read, to check and to count a million boxes in 300,000 images, and how
 * much memory?
 */
export async function formats({ folder, quick }: Bench): Promise<void> {
  const images = quick ? 3000 : 300_000;
  const boxes = (images / 3) * 10;
  const rows: string[][] = [];
  let peak = 0;
  for (const name of formatNames) {
    const run = async (task: 'write' | 'read' | 'validate' | 'stats') => {
      const args = [PROCESS, join(folder, 'formats'), name, String(images), task];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return JSON.parse(stdout) as Measured;
    };
    const written = await run('write');
    const others = [await run('read'), await run('validate'), await run('stats')];
    for (const { count } of others)
      if (count !== boxes) throw new Error(`${name}: ${count} of ${boxes} boxes were read.`);
    const all = [written, ...others];
    peak = Math.max(peak, ...all.map(({ peakMb }) => peakMb));
    rows.push([name, ...all.flatMap(({ seconds, peakMb }) => [seconds.toFixed(1), peakMb.toFixed(0)])]);
  }
  const columns = [
    'format',
    ...['written', 'read', 'checked', 'counted'].flatMap((task) => [`${task}, s`, 'peak, MB']),
  ];
  printTable(`${boxes} boxes in ${images} images, without the images`, columns, rows);
  printGoals([{ figure: 'the most memory', measured: peak, goal: 300, atLeast: false, unit: 'MB' }]);
}
