import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { ROOT } from '../../support/model/golden.js';

const TICKS_A_SECOND = 100; // USER_HZ, the unit of /proc, on every Linux that Node runs on

/** What figures depend on, one line each. */
export function describeMachine(): string {
  const packages = ['onnxruntime-node', 'sharp', '@huggingface/transformers'].map(
    (name) => `${name} ${versionOf(name)}`,
  );
  const memory = (totalmem() / 2 ** 30).toFixed(0);
  return [
    `machine   ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} cores, ${memory} GiB, ` +
      `${type()} ${release()}`,
    `features  ${cpuFeatures().join(' ') || 'unknown'}`,
    `versions  node ${process.versions.node}, ${packages.join(', ')}`,
  ].join('\n');
}

/** Read where it lies, because most packages do not export their package.json. */
function versionOf(name: string): string {
  const file = join(ROOT, 'node_modules', name, 'package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** Instruction sets that matrix products choose their kernels by. */
function cpuFeatures(): string[] {
  const flags =
    readProc('/proc/cpuinfo')
      ?.match(/^flags\s*:(.*)$/m)?.[1]
      ?.split(' ') ?? [];
  return flags.filter((flag) => /^(avx2|fma|avx512f|avx512_vnni|avx_vnni|avx512_bf16|amx_\w+)$/.test(flag));
}

/** An otherwise idle machine reads less than this: half a tenth of one CPU goes to the system's own services. */
const QUIET = 0.1;
const GLANCE_MS = 1000;
const ATTEMPTS = 3;
let patienceMs = 180_000; // of a whole run of benchmarks

/** What was measured, and what others took of the CPUs meanwhile: 0.5 is half of one CPU. NaN where that is unknown. */
export interface Watched<Result> {
  readonly result: Result;
  readonly others: number;
}

/**
 * Measures while nothing else runs, as far as that can be had: waits for a quiet moment, and measures again when other
 * processes, or the hypervisor's other guests, took part.
 *
 * @returns The attempt that was disturbed least.
 */
export async function undisturbed<Result>(work: () => Promise<Result>): Promise<Watched<Result>> {
  let best: Watched<Result> | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await quietMoment();
    const watched = await withOthersWatched(work);
    if (best === undefined || watched.others < best.others) best = watched;
    if (!(best.others > QUIET) || patienceMs <= 0) break; // also where it is unknown
  }
  return best!;
}

async function quietMoment(): Promise<void> {
  const glance = () => new Promise<void>((resolve) => setTimeout(resolve, GLANCE_MS));
  for (; patienceMs > 0; patienceMs -= GLANCE_MS) {
    const { others } = await withOthersWatched(glance);
    if (!(others > QUIET)) return;
  }
}

async function withOthersWatched<Result>(work: () => Promise<Result>): Promise<Watched<Result>> {
  const start = performance.now();
  const before = foreignSeconds();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  return { result, others: Math.max(0, (foreignSeconds() - before) / seconds) };
}

/** CPU seconds, since the machine started, of everything but this process and its descendants. */
function foreignSeconds(): number {
  const [user = NaN, nice = NaN, system = NaN, , , irq = NaN, softirq = NaN, steal = NaN] =
    readProc('/proc/stat')?.split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number) ?? [];
  return (user + nice + system + irq + softirq + steal - ticksOfTree(process.pid)) / TICKS_A_SECOND;
}

/** What a process, its living descendants and the children that it has waited for have taken. */
function ticksOfTree(pid: number): number {
  const fields =
    readProc(`/proc/${pid}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ')
      .map(Number) ?? [];
  const own = fields.slice(11, 15).reduce((sum, ticks) => sum + ticks, 0); // utime, stime, cutime, cstime of proc(5)
  const children = readProc(`/proc/${pid}/task/${pid}/children`)?.trim().split(' ').filter(Boolean) ?? [];
  return children.reduce((sum, child) => sum + ticksOfTree(Number(child)), own);
}

/** Undefined where there is no such file: not Linux. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the caller says "unknown"
  }
}
