import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The Python that peers are run with. */
const PYTHON = process.env['PREANNOTATE_BENCH_PYTHON'] ?? 'python3';

/** A program beside this file. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

/** @returns Why it cannot be measured, or undefined where Python has all of these modules. */
export async function findMissing(modules: readonly string[]): Promise<string | undefined> {
  try {
    await run(PYTHON, ['-c', `import ${modules.join(', ')}`]);
    return undefined;
  } catch {
    return `not measured: ${PYTHON} lacks one of ${modules.join(', ')} (PREANNOTATE_BENCH_PYTHON names another)`;
  }
}

/** @throws Error with what it printed when it fails. */
export async function runPython(args: readonly string[]): Promise<void> {
  await run(PYTHON, args, { maxBuffer: 1 << 26 });
}

/** A Python program that answers lines of JSON with lines of JSON. The caller disposes of it. */
export class PythonProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(args: readonly string[]) {
    this.#child = spawn(PYTHON, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws Error when the program ends instead. */
  async read(): Promise<unknown> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error(`${this.#child.spawnargs.join(' ')} ended early`);
    return JSON.parse(value);
  }

  async ask(request: object): Promise<unknown> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    return await this.read();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await exited;
  }
}
