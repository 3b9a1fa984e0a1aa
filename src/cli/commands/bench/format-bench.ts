import type { BenchResult } from '../../../bench/bench.js';
import { describeSetting } from '../../../bench/session.js';
import { counted, formatRate } from '../../../core/text.js';
import type { MeasuredSetting } from '../../../workers/measured/measured-settings.js';
import { table } from '../../figures/table.js';

/** Rates of one setting that differ by more decide nothing between settings. */
const MUCH = 0.1;

/** What was measured, for people, and the lines for their config file. */
export function formatBench(
  { machine, devices, measured, unsteady, skipped, best }: BenchResult,
  model: string,
): string {
  const { cpu, cores, memoryBytes } = machine;
  const memory = `${(memoryBytes / 1e9).toFixed(1)} GB of memory`;
  const fastest = Math.max(...measured.map(({ imagesPerSecond }) => imagesPerSecond));
  const rows = [...measured]
    .sort((a, b) => b.imagesPerSecond - a.imagesPerSecond)
    .map((setting) => toRow(setting, fastest));
  const lines = [
    `${model} on ${devices.join(', ')}: ${cpu}, ${counted(cores, 'core')}, ${memory}`,
    '',
    ...table([['precision', 'workers a device', 'threads', 'batch', 'images/s', 'of the fastest'], ...rows]),
    ...(skipped.length === 0 ? [] : ['', 'Not measured:']),
    ...skipped.map(({ setting, reason }) => `  ${describeSetting(setting)}: ${reason}`),
    ...(unsteady > MUCH ? ['', describeUnsteady(unsteady)] : []),
    '',
    ...best.flatMap((setting) => [...configLines(setting), '']),
    '`run` and `serve` use the fastest division for their precision from now on, unless you set another, or a run has',
    'too few images for so many workers;',
    '`preannotate bench --forget` undoes that.',
  ];
  return `${lines.join('\n')}\n`;
}

function describeUnsteady(unsteady: number): string {
  const share = `${Math.round(unsteady * 100)} %`;
  return `The same setting was up to ${share} slower when it was measured again: repeat this when nothing else runs.`;
}

function toRow(setting: MeasuredSetting, fastest: number): string[] {
  const { precision, workersPerDevice, threads, maxBatchSize, imagesPerSecond } = setting;
  const share = `${Math.round((imagesPerSecond / fastest) * 100)} %`;
  const counts = [workersPerDevice, threads, maxBatchSize].map(String);
  return [precision, ...counts, formatRate(imagesPerSecond), share];
}

/** For preannotate.yaml. */
export function configLines(setting: MeasuredSetting): string[] {
  const { precision, workersPerDevice, threads, maxBatchSize, imagesPerSecond } = setting;
  return [
    `# fastest in ${precision}: ${formatRate(imagesPerSecond)} images/s`,
    `precision: ${precision}`,
    `workers_per_device: ${workersPerDevice}`,
    `threads: ${threads}`,
    `max_batch_size: ${maxBatchSize}`,
  ];
}

/** For programs; without the lines of the config file. */
export function toJson({ machine, devices, measured, unsteady, skipped, best }: BenchResult) {
  const { cpu, cores, memoryBytes } = machine;
  const withRate = ({ imagesPerSecond, ...setting }: MeasuredSetting) => ({
    ...toJsonSetting(setting),
    images_per_second: imagesPerSecond,
  });
  return {
    machine: { cpu, cores, memory_bytes: memoryBytes },
    devices,
    measured: measured.map(withRate),
    unsteady,
    skipped: skipped.map(({ setting, reason }) => ({ setting: toJsonSetting(setting), reason })),
    best: best.map(withRate),
  };
}

function toJsonSetting(setting: Omit<MeasuredSetting, 'imagesPerSecond'>) {
  const { precision, workersPerDevice, threads, maxBatchSize } = setting;
  return { precision, workers_per_device: workersPerDevice, threads, max_batch_size: maxBatchSize };
}
