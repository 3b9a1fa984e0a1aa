import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const WRITER = fileURLToPath(new URL('../../support/views-process.ts', import.meta.url));

interface Written {
  readonly seconds: Readonly<Record<'first' | 'unchanged' | 'changed', number>>;
  readonly peakMb: number;
}

/** How long does the YOLO view of many images take, for the first time and again, and how much memory? */
export async function views({ folder, quick }: Bench): Promise<void> {
  const counts = quick ? [1000, 10_000] : [10_000, 100_000];
  const all: Written[] = [];
  for (const count of counts) {
    const args = ['--import', 'tsx', WRITER, join(folder, `views-${count}`), String(count)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    all.push(JSON.parse(stdout) as Written);
  }
  printTable(
    'The YOLO view of images with a few boxes each: three files an image',
    ['images', 'first, s', 'unchanged, s', 'changed, s', 'peak, MB'],
    all.map(({ seconds: { first, unchanged, changed }, peakMb }, i) => [
      String(counts[i]),
      ...[first, unchanged, changed].map((value) => value.toFixed(1)),
      peakMb.toFixed(0),
    ]),
  );
  const growth = all[1]!.peakMb - all[0]!.peakMb;
  printGoals([{ figure: `growth to ${counts[1]} images`, measured: growth, goal: 60, atLeast: false, unit: 'MB' }]);
}
