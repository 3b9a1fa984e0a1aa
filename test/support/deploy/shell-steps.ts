import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import type { Finished } from '../cli.js';
import { ROOT } from '../model/golden.js';
import { DEPLOY } from './dockerfile.js';
import { quote } from './container.js';

const execute = promisify(execFile);

/** A file of fixtures/deploy. `<<` takes the fields of another mapping in. */
export function readDeployFile(name: string): unknown {
  return parse(readFileSync(join(DEPLOY, name), 'utf8'), { merge: true });
}

/** The steps of a job that are shell scripts, in order, by name. */
export interface WorkflowJob {
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly { readonly name?: string; readonly run?: string; readonly uses?: string }[];
}

/** fixtures/deploy/github-workflow.yml, or one of this repository's own. */
export interface Workflow {
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, WorkflowJob>>;
}

/** A folder with a command `preannotate`: that of this clone, or a script in its place. */
export async function commandFolder(folder: string, scripts: Readonly<Record<string, string>> = {}): Promise<string> {
  const cli = `exec ${quote(process.execPath)} ${quote(join(ROOT, 'bin/preannotate.js'))} "$@"`;
  await mkdir(folder, { recursive: true });
  for (const [name, script] of Object.entries({ preannotate: cli, ...scripts })) {
    await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return folder;
}

interface ShellOptions {
  readonly cwd: string;
  readonly commands: string; // a folder of commands that come first
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a script as CI systems do: it ends at the first command that fails. */
export async function runShell(
  script: string,
  { cwd, commands, env = {} }: ShellOptions,
): Promise<Omit<Finished, 'signal'>> {
  const { PATH = '', HOME = '' } = process.env;
  const variables = { PATH: `${commands}${delimiter}${PATH}`, HOME, ...env };
  try {
    const { stdout, stderr } = await execute('bash', ['-e', '-o', 'pipefail', '-c', script], { cwd, env: variables });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as Omit<Finished, 'signal'>;
    return { code, stdout, stderr };
  }
}
