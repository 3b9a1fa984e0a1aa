import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ROOT } from '../../support/model/golden.js';

export function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['--version']).status === 0;
}

/** A PATH whose first folder has `preannotate`, as an installation does. @param folder - Of the test. */
export async function installedPath(folder: string): Promise<string> {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  await symlink(join(ROOT, 'bin/preannotate.js'), join(bin, 'preannotate'));
  return [bin, process.env['PATH']].join(delimiter);
}

/** A shell on a pseudo-terminal, as a person uses it. */
export class InteractiveShell {
  readonly #child;
  readonly #exited: Promise<unknown[]>;
  screen = '';

  constructor(command: string, { cwd, path }: { cwd: string; path: string }) {
    const env = { ...process.env, PATH: path, HOME: cwd, TERM: 'dumb', HISTFILE: '' };
    this.#child = spawn('script', ['-qefc', command, '/dev/null'], { cwd, env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#exited = once(this.#child, 'close');
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.screen += text));
  }

  /** Presses keys and waits until the screen shows a text behind what it has shown. */
  async type(keys: string, shown: string): Promise<void> {
    const from = this.screen.length;
    this.#child.stdin.write(keys);
    const written = () => this.screen.slice(from).replaceAll(/.\u0008|\u0007/g, ''); // zsh takes spaces back
    while (!written().includes(shown)) await once(this.#child.stdout, 'data');
  }

  async close(): Promise<void> {
    this.#child.stdin.write('\u0015exit\n');
    await this.#exited;
  }
}
