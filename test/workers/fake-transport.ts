import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, vi } from 'vitest';
import { formatDevice, type Device } from '../../src/core/device.js';
import type { Failure } from '../../src/core/errors.js';
import type { ImageOutcome } from '../../src/core/image.js';
import type { Exit } from '../../src/workers/child-process.js';
import type { FromWorker, ToWorker, WorkerSettings } from '../../src/workers/protocol.js';
import type { WorkerHandle, WorkerTransport } from '../../src/workers/worker-transport.js';

type Sent<Type extends ToWorker['type']> = Extract<ToWorker, { type: Type }>;

/** Starts workers that do nothing but what a test makes them do; by default each is ready at once. */
export class FakeTransport implements WorkerTransport {
  readonly workers: FakeWorker[] = [];
  onStart = (worker: FakeWorker) => worker.answer({ type: 'ready' });

  start(device: Device, _settings: WorkerSettings, onMessage: (message: FromWorker) => void): FakeWorker {
    const worker = new FakeWorker(formatDevice(device), onMessage);
    this.workers.push(worker);
    queueMicrotask(() => this.onStart(worker));
    return worker;
  }

  get last(): FakeWorker {
    return this.workers.at(-1)!;
  }
}

export class FakeWorker implements WorkerHandle {
  readonly device: string;
  readonly sent: ToWorker[] = [];
  readonly exited: Promise<Exit>;
  readonly answer: (message: FromWorker) => void;
  isKilled = false;
  isAlive = true;
  #die!: (exit: Exit) => void;
  #answered = 0;

  constructor(device: string, onMessage: (message: FromWorker) => void) {
    this.device = device;
    this.answer = onMessage;
    this.exited = new Promise((resolve) => (this.#die = resolve));
  }

  send(message: ToWorker): void {
    this.sent.push(message);
  }

  kill(): void {
    this.isKilled = true;
    this.die('signal SIGKILL');
  }

  die(how = 'exit code 1', more: Partial<Exit> = {}): void {
    this.isAlive = false;
    const signal = /^signal (.*)$/.exec(how)?.[1] as NodeJS.Signals | undefined;
    this.#die({ how, signal, stderr: '', ...more });
  }

  of<Type extends ToWorker['type']>(type: Type): Sent<Type>[] {
    return this.sent.filter((message): message is Sent<Type> => message.type === type);
  }

  /** The names of the images of each chunk that it was given. */
  get chunks(): string[][] {
    return this.of('detect').map(({ images }) => images.map(({ source }) => source.name));
  }

  /** The names of the images of each chunk that it has not answered. */
  get unanswered(): string[][] {
    return this.chunks.slice(this.#answered);
  }

  /**
   * Answers the oldest chunk that is not answered: nothing was found, or `failure`.
   *
   * @param encoded - Features are used, and so many images had none.
   */
  finish({ retire = false, failure, encoded }: { retire?: boolean; failure?: Failure; encoded?: number } = {}): void {
    const { id, images } = this.of('detect')[this.#answered++]!;
    const passes = failure === undefined ? [images.length] : [];
    const outcomes = images.map(({ source: { name } }): ImageOutcome => {
      if (failure !== undefined) return { ok: false, name, failure };
      const stamp = { sizeBytes: 1, modifiedMs: 0, sha256: '' };
      return { ok: true, result: { name, width: 1, height: 1, detections: [], ...stamp } };
    });
    const counts = encoded === undefined ? {} : { features: { read: images.length - encoded, encoded, damaged: 0 } };
    this.answer({ type: 'detected', id, outcomes, times: NO_TIMES, passes, retire, ...counts });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.send({ type: 'stop' });
    this.die('exit code 0');
    await this.exited;
  }
}

const NO_TIMES = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };

/** Lets a file's tests move timers and `performance.now()` by hand. Immediates still run by themselves. */
export function useFakeClock(): void {
  beforeEach(() => {
    const toFake = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] as const;
    vi.useFakeTimers({ now: 0, toFake: [...toFake] });
  });
  afterEach(() => vi.useRealTimers());
}

/** Until everything that was set off has happened, except for timers. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

export async function advance(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await settle();
}
