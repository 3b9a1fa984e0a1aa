import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { readManifest, type RunManifest } from '../../../src/run/manifest.js';
import { Running } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';
import { CACHE } from './workspace.js';

/** The product's caches, apart from the user's own. */
export const ENVIRONMENT = { XDG_CACHE_HOME: join(CACHE, 'cache') };
export const CORES = availableParallelism();

let runs = 0;

/** A command line to be measured. */
export interface Annotation {
  readonly folder: string; // takes ontology and results
  readonly images: readonly string[]; // folders or files
  readonly model: string;
  readonly ontology: string; // its file
  readonly flags?: readonly string[];
}

/** Starts `preannotate run`. @returns The running command, and where its results go. */
export function start({ folder, images, model, ontology, flags = [] }: Annotation): { running: Running; out: string } {
  const out = join(folder, `out-${++runs}`);
  const args = [
    'run',
    ...images,
    '--model',
    model,
    '--ontology',
    ontology,
    '--out',
    out,
    '--format',
    'coco',
    '--quiet',
    ...flags,
  ];
  return { running: new Running(args, { env: ENVIRONMENT }), out };
}

/** Runs `preannotate run` to its end. @throws Error with its stderr when it failed. */
export async function annotate(annotation: Annotation): Promise<RunManifest> {
  const { running, out } = start(annotation);
  return finish(running, out);
}

export async function finish(running: Running, out: string): Promise<RunManifest> {
  const { code, stderr } = await running.finished();
  if (code !== 0) throw new Error(`preannotate ended with ${String(code)}: ${stderr}`);
  return (await readManifest(out))!;
}

/** The first so many prompts of ontologies/emoji.yaml. */
export async function promptsOf(count: number): Promise<string[]> {
  const text = await readFile(join(ROOT, 'ontologies', 'emoji.yaml'), 'utf8');
  const { classes } = parse(text) as { classes: { prompts: string[] }[] };
  const prompts = classes.flatMap((entry) => entry.prompts).slice(0, count);
  if (prompts.length < count) throw new Error(`ontologies/emoji.yaml has only ${prompts.length} prompts`);
  return prompts;
}

/** Writes an ontology of so many prompts, each its own class. @returns Its path. */
export async function writeOntology(folder: string, count: number): Promise<string> {
  const path = join(folder, `prompts-${count}.yaml`);
  const prompts = await promptsOf(count);
  await writeFile(path, stringify(Object.fromEntries(prompts.map((prompt) => [prompt, prompt]))));
  return path;
}
