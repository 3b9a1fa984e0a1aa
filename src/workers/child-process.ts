import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { deviceName, type Device } from '../core/device.js';
import { printable } from '../core/text.js';
import { cudaEnvironment } from './devices/cuda-visible.js';
import type { FromWorker, ToWorker, WorkerSettings } from './protocol.js';
import { takeWorkerProcess } from './spare.js';

const STOP_GRACE_MS = 500; // a worker holds nothing that must be saved
const KEPT_STDERR_CHARS = 8_000;
const TOLD_CHARS = 500;

/** Where in the code something happened fills the end of what a process says, and tells users nothing. */
const STACK_LINE = /^\s+at .*|^Node\.js v.*/gm;

/** A worker in the middle of a run does not notice that its parent is gone, so whatever ends this process ends them too. */
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** How a child process ended. */
export interface Exit {
  readonly how: string; // "exit code 1", "signal SIGKILL"
  readonly said: string; // the end of what it wrote to stderr, on one line; may be empty
}

/** One child process bound to one device. Whoever starts it disposes of it. */
export class WorkerProcess implements AsyncDisposable {
  readonly device: Device;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;

  /** @param onMessage - Called for each answer, in the order sent. */
  constructor(device: Device, settings: WorkerSettings, onMessage: (message: FromWorker) => void) {
    this.device = device;
    const child = takeWorkerProcess(ownEnvironment(device));
    this.#child = child;
    running.add(child);
    let stderr = '';
    this.#child.on('error', () => {}); // could not be started or killed: `exited` says what became of it
    // A process that could not be started has no stderr, whatever the types say.
    (this.#child.stderr as Readable | undefined)?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_STDERR_CHARS);
    });
    this.#child.on('message', onMessage);
    this.exited = endOf(child).then((how) => {
      running.delete(child);
      const said = stderr.replaceAll(STACK_LINE, '').replaceAll(/\s+/g, ' ').trim();
      return { how, said: printable(said.slice(-TOLD_CHARS)) };
    });
    this.send({ type: 'open', device, settings });
  }

  /** Sends without waiting. To a process that is gone nothing is sent: `exited` says so. */
  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks the child to stop, then kills it if it has not gone within the grace period. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const kill = setTimeout(() => this.kill(), STOP_GRACE_MS);
    this.send({ type: 'stop' });
    await this.exited;
    clearTimeout(kill);
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
  } catch (error) {
    return String(error); // it could not be started at all
  }
}

/** A worker sees its own device only, so that nothing of it lands on another one. */
function ownEnvironment(device: Device): NodeJS.ProcessEnv {
  return device.provider === 'cuda' ? cudaEnvironment(device, process.env) : {};
}

/** What the process of a worker, or one that tries a device, finds in its environment. */
export function environmentFor(device: Device): NodeJS.ProcessEnv {
  return { ...process.env, ...ownEnvironment(device), ORT_DISABLE_TELEMETRY: '1' };
}

/** "cpu worker", "cuda:1 worker": how messages call it. */
export function workerName(device: Device): string {
  return `${deviceName(device)} worker`;
}
