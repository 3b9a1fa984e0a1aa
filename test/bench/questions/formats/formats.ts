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

/** How long does each format take to write and to read a million boxes in 300,000 images, and how much memory? */
export async function formats({ folder, quick }: Bench): Promise<void> {
  const images = quick ? 3000 : 300_000;
  const boxes = (images / 3) * 10;
  const rows: string[][] = [];
  let peak = 0;
  for (const name of formatNames) {
    const run = async (task: 'write' | 'read') => {
      const args = [PROCESS, join(folder, 'formats'), name, String(images), task];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return JSON.parse(stdout) as Measured;
    };
    const written = await run('write');
    const read = await run('read');
    if (read.count !== boxes) throw new Error(`${name}: ${read.count} of ${boxes} boxes were read.`);
    peak = Math.max(peak, written.peakMb, read.peakMb);
    rows.push([name, ...[written, read].flatMap(({ seconds, peakMb }) => [seconds.toFixed(1), peakMb.toFixed(0)])]);
  }
  const columns = ['format', 'written, s', 'peak, MB', 'read, s', 'peak, MB'];
  printTable(`${boxes} boxes in ${images} images, without the images`, columns, rows);
  printGoals([{ figure: 'the most memory', measured: peak, goal: 300, atLeast: false, unit: 'MB' }]);
}
