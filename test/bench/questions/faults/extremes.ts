import { readFileSync, writeFileSync } from 'node:fs';
import sharp, { type Sharp } from 'sharp';
import { EMOJI } from '../../../support/cli.js';
import { startServer } from '../../support/load.js';
import { cpuSeconds, residentMegabytes } from '../../support/processes.js';
import { printGoals, printTable } from '../../support/table.js';
import type { Bench } from '../../support/workspace.js';

const SHAPES = [
  [1, 2_000_000],
  [2_000_000, 1],
  [2, 200_000],
  [2, 2_000_000],
  [700, 65_000],
  [65_000, 700],
  [12_000, 12_000],
] as const;
const MOST_SIDE: Readonly<Record<string, number>> = { jpeg: 65_500, gif: 65_535, webp: 16_383 };

const ENCODINGS: Readonly<Record<string, (image: Sharp) => Sharp>> = {
  'png, interlaced': (image) => image.png({ progressive: true, compressionLevel: 1 }),
  'png, turned': (image) => image.png({ compressionLevel: 1 }).withMetadata({ orientation: 6 }),
  'tiff, deflate': (image) => image.tiff({ compression: 'deflate' }),
  'jpeg, progressive': (image) => image.jpeg({ progressive: true }),
  'gif, one colour': (image) => image.gif({ effort: 1 }),
  'webp, lossy': (image) => image.webp({ effort: 0 }),
};

/** How much time and memory of a worker do images of extreme shapes take, and what does it keep? */
export async function extremes({ quick }: Bench): Promise<void> {
  const limits = ['--max-pixels', '268402689', '--max-bytes', '256MB', '--timeout-sec', '120']; // those of `run`
  await using server = await startServer([...EMOJI, '--workers-per-device', '1', '--device', 'cpu', ...limits]);
  const rows: string[][] = [];
  const worst = { seconds: 0, peak: 0 };
  for (const [encoding, encode] of Object.entries(ENCODINGS).slice(0, quick ? 2 : undefined)) {
    for (const [width, height] of SHAPES) {
      if (Math.max(width, height) > (MOST_SIDE[encoding.split(',')[0]!] ?? Infinity)) continue;
      const create = { width, height, channels: 3, background: '#285aa0' } as const;
      const bytes = await encode(sharp({ create, limitInputPixels: false })).toBuffer();
      const [pid] = await server.running.workers();
      writeFileSync(`/proc/${pid!}/clear_refs`, '5'); // forgets the peak so far
      const before = cpuSeconds([pid!]);
      const { status } = await server.post(Uint8Array.from(bytes));
      const seconds = cpuSeconds([pid!]) - before;
      const peak = peakMegabytes(pid!);
      worst.seconds = Math.max(worst.seconds, seconds);
      worst.peak = Math.max(worst.peak, peak);
      const kept = residentMegabytes([pid!]).toFixed(0);
      rows.push([`${encoding}, ${width} x ${height}`, String(status), seconds.toFixed(1), peak.toFixed(0), kept]);
    }
  }
  printTable('Extreme shapes, one after the other', ['image', 'status', 'CPU s', 'peak MB', 'kept MB'], rows);
  printGoals([
    { figure: 'the slowest image', measured: worst.seconds, goal: 5, atLeast: false, unit: 's' },
    { figure: 'peak of the worker', measured: worst.peak, goal: 1000, atLeast: false, unit: 'MB' },
  ]);
}

function peakMegabytes(pid: number): number {
  return (Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6;
}
