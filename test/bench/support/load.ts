import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../support/model/golden.js';
import { TestServer } from '../../support/server.js';
import { CORES, ENVIRONMENT } from './command.js';

const LOAD = join(ROOT, 'test/bench/support/load-process.mjs');
const MAX_OUTPUT = 2 ** 28; // bytes; a number for each answer

/**
 * How a server is asked: each client posts one file after the other and, unless a rate is set, waits for each
 * answer.
 */
export interface Load {
  readonly files: readonly string[]; // JPEGs
  readonly connections: number;
  readonly amount?: number; // requests; else as many as fit in `seconds`
  readonly seconds?: number;
  readonly abortShare?: number; // of the requests: their clients leave `abortAfterMs` after asking; for `seconds`
  readonly abortAfterMs?: number;
  readonly rate?: number; // requests a second of all clients together, answered or not; for so many `seconds`
}

/** What came of it. */
export interface Answers {
  readonly seconds: number; // until the last answer
  readonly cpuSeconds: number; // that the asking process took
  readonly sent: number;
  readonly errors: number; // connections that broke, timeouts among them
  readonly timeouts: number;
  readonly aborted?: number; // by their clients, where a share was asked for
  readonly milliseconds: Readonly<Record<string, readonly number[]>>; // of each answer, by status
}

/** Asks a server from another process, so that asking takes nothing from this one. */
export async function ask(server: Pick<TestServer, 'url'>, load: Load): Promise<Answers> {
  const options = JSON.stringify({ url: server.url, type: 'image/jpeg', ...load });
  const { stdout } = await promisify(execFile)(process.execPath, [LOAD, options], { maxBuffer: MAX_OUTPUT });
  return JSON.parse(stdout) as Answers;
}

/** One that ends as it should: what its workers took would be taken for other processes' if it was killed. */
class BenchServer extends TestServer {
  override async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** `preannotate serve` on the benchmarks' own caches. */
export function startServer(args: readonly string[]): Promise<TestServer> {
  return BenchServer.ready({ args: [...args, '--log-level', 'warn'], env: ENVIRONMENT });
}

/** Answers of a status a second. */
export function rateOf({ milliseconds, seconds }: Answers, status = '200'): number {
  return (milliseconds[status] ?? []).length / seconds;
}

/** The share of all cores that asking took. */
export function askingShareOf({ cpuSeconds, seconds }: Answers): number {
  return cpuSeconds / (seconds * CORES);
}

/**
 * Answers of a status a second, had asking taken nothing of the cores: the rate divided by the share that asking left,
 * `rate / (1 - cpuSeconds / (seconds * cores))`. What a client needs on its own machine is not the server's.
 */
export function rateWithoutAsking(answers: Answers, status = '200'): number {
  return rateOf(answers, status) / (1 - askingShareOf(answers));
}

/** The value that so much of all lies at or below; NaN of none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
