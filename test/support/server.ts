import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { EMOJI, Running, SCENES, type Finished } from './cli.js';
import { ROOT } from './model/golden.js';

export interface ServerOptions {
  readonly args?: readonly string[];
  readonly model?: readonly string[]; // and what to find
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds that each image takes longer. */
  readonly slowMs?: number;
  /** A file of test/faults that its processes load. */
  readonly fault?: string;
  /** How many times as fast as real time the clock of the server's own process runs; its workers keep real time. */
  readonly clockRate?: number;
}

/** `preannotate serve` as a user would start it, on a free port. */
export class TestServer implements AsyncDisposable {
  readonly running: Running;
  readonly #finished: Promise<Finished>;

  constructor({
    args = [],
    model = EMOJI,
    env = {},
    slowMs,
    fault = slowMs === undefined ? undefined : 'slow.mjs',
    clockRate,
  }: ServerOptions = {}) {
    const faults = [fault, clockRate === undefined ? undefined : 'fast-clock.mjs'].filter((file) => file !== undefined);
    const imports = faults.map((file) => `--import=${pathToFileURL(join(ROOT, 'test/faults', file)).href}`);
    const faulty = { NODE_OPTIONS: imports.join(' '), SLOW_MS: String(slowMs), CLOCK_RATE: String(clockRate) };
    const all = { ...(imports.length === 0 ? {} : faulty), ...env };
    this.running = new Running(['serve', ...model, '--port', '0', ...args], { env: all });
    this.#finished = this.running.finished();
  }

  /** Starts one and waits until it prints that it is ready. */
  static async ready(options: ServerOptions = {}): Promise<TestServer> {
    const server = new this(options);
    await server.until(() => server.running.stdout.startsWith('preannotate serves '));
    return server;
  }

  /** Starts one and waits until it listens, which it does before it opens the model. */
  static async listening(options: ServerOptions = {}): Promise<TestServer> {
    const server = new this(options);
    await server.until(() => server.running.stderr.includes('listening at'));
    return server;
  }

  /** Where it listens, which it logs before it is ready. */
  get url(): string {
    const found = /(?:listening| serves \S+) at ((?:https?:\/\/|unix:)[^\s"]+)/.exec(
      this.running.stdout + this.running.stderr,
    );
    if (found === null) throw new Error(`it does not listen: ${this.running.stderr}`);
    return found[1]!;
  }

  /** Waits for something that the server brings about; fails when it ends before. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await condition())) {
      if (this.running.child.exitCode !== null) throw new Error(`the server ended: ${this.running.stderr}`);
      await sleep(10);
    }
  }

  fetch(path: string, init?: RequestInit): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  /** Posts an image as it is. */
  post(
    bytes: Uint8Array<ArrayBuffer>,
    init: { query?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ) {
    const { query = '', headers = {}, signal = null } = init;
    const type = { 'content-type': 'image/jpeg' };
    return this.fetch(`/predict${query}`, { method: 'POST', body: bytes, headers: { ...type, ...headers }, signal });
  }

  postJson(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const type = { 'content-type': 'application/json' };
    return this.fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { ...type, ...headers } });
  }

  postBatch(images: readonly Uint8Array[], headers: Record<string, string> = {}): Promise<Response> {
    const body = { images: images.map((bytes) => ({ image_base64: base64(bytes) })) };
    return this.postJson('/predict/batch', body, headers);
  }

  /** The value of a metric that has no labels, or with the labels given as in the text. */
  async metric(name: string): Promise<number> {
    const text = await (await this.fetch('/metrics')).text();
    const line = text.split('\n').find((one) => one.startsWith(`preannotate_${name} `));
    return line === undefined ? NaN : Number(line.split(' ').at(-1));
  }

  /** The values of a metric for each set of its labels. */
  async metrics(name: string): Promise<number[]> {
    const text = await (await this.fetch('/metrics')).text();
    const lines = text.split('\n').filter((one) => one.startsWith(`preannotate_${name}{`));
    return lines.map((line) => Number(line.split(' ').at(-1)));
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.running.child.kill(signal);
    return this.#finished;
  }

  finished(): Promise<Finished> {
    return this.#finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.running.child.kill('SIGKILL'); // its workers see that and end
    await this.#finished;
  }
}

/** The bytes of a shipped scene. */
export async function scene(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await readFile(join(SCENES, name)));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** As Linux lists it; one that is dead and only not yet waited for does not run. */
export function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false; // gone altogether
  }
}
