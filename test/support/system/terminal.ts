import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ROOT } from '../model/golden.js';

const { status, stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });

/** Whether programs can be started on a terminal: by util-linux's `script`, which some systems lack. */
export const HAS_TERMINAL = status === 0 && stdout.includes('util-linux');

/** Variables by which a CI job or a caller decides about colours and bars; a person's terminal has none of them. */
const NOT_A_PERSON = { CI: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_DISABLE_COLORS: undefined };

/** A person's command line on a pseudo-terminal. What it prints arrives as on a screen: with control sequences. */
export class OnTerminal {
  readonly #child;
  readonly #exited: Promise<unknown[]>;
  text = '';

  constructor(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    // Without exec, some shells stay beside the program, get Ctrl-C as well and end with 130 whatever it answers.
    const command = [process.execPath, join(ROOT, 'bin/preannotate.js'), ...args].map(quote).join(' ');
    this.#child = spawn('script', ['-qefc', `exec ${command}`, '/dev/null'], {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...NOT_A_PERSON, TERM: 'xterm-256color', ...options.env },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#exited = once(this.#child, 'close');
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.text += text));
  }

  /** Presses keys, such as \u0003 for Ctrl-C. */
  type(keys: string): void {
    this.#child.stdin.write(keys);
  }

  /** Waits until the screen has shown a text. */
  async untilShown(text: string): Promise<void> {
    while (!this.text.includes(text)) await once(this.#child.stdout, 'data');
  }

  /** Waits for the end of the command. */
  async finished(): Promise<{ code: number | null; text: string }> {
    const [code] = (await this.#exited) as [number | null];
    return { code, text: this.text };
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
