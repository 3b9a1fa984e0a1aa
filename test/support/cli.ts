import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FIXTURES, ROOT } from './model/golden.js';
import { withComment } from './other-bytes.js';

export const SCENES = join(FIXTURES, 'scenes');
export const EMOJI = ['--model', 'builtin:emoji', '--ontology', join(ROOT, 'ontologies/emoji.yaml')];

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number; // it is killed then, so that one that hangs does not stay
  readonly prefix?: readonly string[]; // a command that starts it, such as unshare
}

/** The same output wherever the tests run: in a CI job, a run reports to its system. */
const OUTSIDE_CI = { GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: '', GITLAB_CI: '' };

/** A running command line, as a user would start it. */
export class Running {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #closed: Promise<unknown[]>;

  constructor(args: readonly string[], options: CliOptions = {}) {
    const [command, ...rest] = [...(options.prefix ?? []), process.execPath, join(ROOT, 'bin/preannotate.js'), ...args];
    this.child = spawn(command!, rest, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...OUTSIDE_CI, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
    });
    this.#closed = once(this.child, 'close'); // it may end before anyone waits for it
    this.#closed.catch(() => {}); // it is thrown where finished() is awaited
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
  }

  async finished(): Promise<Finished> {
    const [code, signal] = (await this.#closed) as [number | null, NodeJS.Signals | null];
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }

  /** Process ids of its workers, as the system lists them. */
  async workers(): Promise<number[]> {
    const pid = this.child.pid!;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
    return children.trim().split(' ').filter(Boolean).map(Number);
  }
}

/** Runs a command line to its end. */
export function preannotate(args: readonly string[], options: CliOptions = {}): Promise<Finished> {
  return new Running(args, options).finished();
}

/** A folder with so many copies of the shipped scenes, in subfolders; no two files have the same bytes. */
export async function manyScenes(folder: string, copies: number): Promise<number> {
  const scenes = (await readdir(SCENES)).filter((name) => /^scene-.*\.(jpg|png|webp)$/.test(name));
  for (let copy = 0; copy < copies; copy++) {
    await mkdir(join(folder, `copy-${copy}`), { recursive: true });
    for (const name of scenes) {
      const bytes = withComment(await readFile(join(SCENES, name)), `copy ${copy}`);
      await writeFile(join(folder, `copy-${copy}`, name), bytes);
    }
  }
  return scenes.length * copies;
}

/** Every file of the views, by path: what must not differ between two runs of one job. */
export async function viewsOf(outDir: string): Promise<Record<string, string>> {
  const views: Record<string, string> = {};
  for (const folder of ['coco', 'yolo']) {
    for (const entry of await readdir(join(outDir, folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      views[path.slice(outDir.length)] = await readFile(path, 'utf8');
    }
  }
  return views;
}

/** The images of a journal, in the order they were finished. */
export async function journalled(outDir: string): Promise<{ image: string; detections: { score: number }[] }[]> {
  const text = await readFile(join(outDir, 'detections.jsonl'), 'utf8').catch(() => '');
  const lines = text.split('\n').slice(1, -1); // without the header, and without what was not finished
  return lines.map((line) => JSON.parse(line) as { image: string; detections: { score: number }[] });
}

/** Waits until the journal of a running command holds so many images. */
export async function untilJournalled(outDir: string, count: number): Promise<void> {
  for (;;) {
    const { length } = await journalled(outDir);
    if (length >= count) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The images of a COCO file. */
export function imagesOf(coco: string): object[] {
  return (JSON.parse(coco) as { images: object[] }).images;
}
