/**
 * Starts and ends the child processes of this package. The command line loads this file first: it imports next to
 * nothing.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { printable } from '../core/text.js';

const KEPT_STDERR_CHARS = 8_000;
const REPORTED_STDERR_CHARS = 500;

/** Stack frames fill the end of stderr and mean nothing to users. */
const STACK_LINE = /^\s+at .*|^Node\.js v.*/gm;

/**
 * For glibc, whose malloc keeps what large images took: in an arena for each thread that decodes, and in the heap, as
 * it raises the size from which memory is returned at once. A worker kept up to 700 MB; with these it keeps
 * 150 to 300. Other systems ignore them; the user's own come first.
 */
const MALLOC = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: String(2 ** 20) };

/** A child that is busy does not notice that its parent is gone, so the end of this process ends them too. */
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** How a child process ended. */
export interface Exit {
  readonly how: string; // "exit code 1", "signal SIGKILL"
  readonly signal?: NodeJS.Signals | undefined; // that ended it
  readonly wasOutOfMemory?: boolean; // the kernel killed it, or another process at the same time
  readonly stderr: string; // the end of what it wrote there, on one line; may be empty
}

/** A child process that answers messages. The caller that starts it disposes of it. */
export class Child<Request extends object, Answer> implements AsyncDisposable {
  /** Resolves when the process has ended, or could not be started. */
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #oomKillsBefore = countOomKills();
  #stderr = '';

  /**
   * @param environment - On top of this process's own.
   * @throws Error when the system has no memory or files left for a process.
   */
  constructor(script: URL, environment: NodeJS.ProcessEnv = {}) {
    const child = fork(fileURLToPath(script), {
      serialization: 'advanced', // the JSON form takes a hundred times as long for embeddings
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { ...MALLOC, ...process.env, ...environment, ORT_DISABLE_TELEMETRY: '1' },
    });
    this.#child = child;
    running.add(child);
    child.on('error', () => {}); // it could not be started or killed: `exited` resolves with the reason
    // A process that could not be started has no stderr, whatever the types say.
    (child.stderr as Socket | undefined)?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR_CHARS);
    });
    this.exited = this.#exit();
  }

  get isRunning(): boolean {
    return this.#child.connected && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** @param listener - Called for each answer, in the order sent. */
  onAnswer(listener: (answer: Answer) => void): void {
    this.#child.on('message', listener);
  }

  /** Sends without waiting. A process that has ended receives nothing, which `exited` reports. */
  send(request: Request): void {
    if (this.#child.connected) this.#child.send(request, () => {});
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Whether this process stays alive for the child: for the process itself, its messages and its stderr. */
  keepParentAlive(keep: boolean): void {
    for (const handle of [this.#child, this.#child.channel, this.#child.stderr as Socket | null]) {
      if (keep) handle?.ref();
      else handle?.unref();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.exited;
  }

  async #exit(): Promise<Exit> {
    const end = await endOf(this.#child);
    running.delete(this.#child);
    const stderr = this.#stderr.replaceAll(STACK_LINE, '').replaceAll(/\s+/g, ' ').trim();
    const wasOutOfMemory = end.signal === 'SIGKILL' && countOomKills() > this.#oomKillsBefore;
    return {
      ...end,
      ...(wasOutOfMemory ? { how: `${end.how}, out of memory`, wasOutOfMemory } : {}),
      stderr: printable(stderr.slice(-REPORTED_STDERR_CHARS)),
    };
  }
}

/** Processes that the kernel has killed since it started, to free memory. 0 except on Linux. */
function countOomKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // another system
  }
}

async function endOf(child: ChildProcess): Promise<Pick<Exit, 'how' | 'signal'>> {
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return signal === null ? { how: `exit code ${code ?? 'unknown'}` } : { how: `signal ${signal}`, signal };
  } catch (error) {
    return { how: String(error) }; // it could not be started at all
  }
}
