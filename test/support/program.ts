import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './model/golden.js';
import { temporaryFolder } from './temporary.js';

/** How a program ended. */
export interface EndedProgram {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param at - Where the package is that the programs in the folder import. */
export async function linkPackage(folder: string, at = ROOT): Promise<void> {
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(at, join(folder, 'node_modules/preannotate'));
}

/**
 * Runs a program in a process of its own. It imports the package by its name.
 *
 * @param folder - Where it runs; by default one of its own.
 */
export async function runProgram(text: string, folder?: string): Promise<EndedProgram> {
  const home = await temporaryFolder();
  await linkPackage(home);
  const path = join(home, 'program.mjs');
  await writeFile(path, text);
  return await runFile(path, folder ?? home);
}

/** Runs the file of a program. */
export async function runFile(path: string, cwd: string): Promise<EndedProgram> {
  const options = { cwd, timeout: 110_000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
  try {
    return { code: 0, ...(await promisify(execFile)(process.execPath, [path], options)) };
  } catch (error) {
    const { code, stdout, stderr } = error as EndedProgram;
    return { code, stdout, stderr };
  }
}

/** What a program that runs to its end prints as JSON. It prints nothing else. */
export async function answerOf(text: string, folder?: string): Promise<unknown> {
  const { code, stdout, stderr } = await runProgram(text, folder);
  if (code !== 0 || stderr !== '') throw new Error(`The program ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}
