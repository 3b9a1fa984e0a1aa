import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Choices } from '../../config/choices.js';
import { printable } from '../../core/text.js';

/** A word that completes the one that is being typed. */
export interface Candidate {
  readonly word: string; // whole, as it would be typed
  readonly description?: string;
}

/** What a shell offers. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly others: 'none' | 'files' | 'folders' | 'paths'; // what it adds itself; paths: the candidates are paths
}

export const NOTHING: Completion = { candidates: [], others: 'none' };
export const FILES: Completion = { candidates: [], others: 'files' };
export const FOLDERS: Completion = { candidates: [], others: 'folders' };

/** What a folder holds that a command can take for a run: a journal, or parts to merge. */
const MARKS = ['detections.jsonl', 'shards'];

/** Words of a fixed set; in a list, those that it does not have yet. */
export function completeWords(typed: string, { words, isList }: Choices): Completion {
  const head = isList ? typed.slice(0, typed.lastIndexOf(',') + 1) : '';
  const used = new Set(head.split(','));
  const candidates = words.filter((word) => !used.has(word)).map((word) => ({ word: `${head}${word}` }));
  return { candidates: candidates.filter(({ word }) => word.startsWith(typed)), others: 'none' };
}

/** Folders that hold a run; where none begins as what is typed, others. */
export async function completeRuns(typed: string, otherwise: Completion): Promise<Completion> {
  const parent = typed.endsWith('/') ? typed.slice(0, -1) || '/' : dirname(typed);
  const prefix = typed.includes('/') ? (parent === '/' ? '/' : `${parent}/`) : '';
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => !entry.isFile()).map(({ name }) => name);
  const runs = names
    .filter((name) => printable(name) === name && `${prefix}${name}`.startsWith(typed))
    .filter((name) => MARKS.some((mark) => existsSync(join(parent, name, mark))));
  const candidates = runs.sort().map((name) => ({ word: `${prefix}${name}`, description: 'a run' }));
  return candidates.length === 0 ? otherwise : { candidates, others: 'paths' };
}

/** The ontologies of the package, and files. */
export async function completeOntologies(typed: string): Promise<Completion> {
  const { listShippedOntologies } = await import('../../config/ontology/shipped.js');
  const words = listShippedOntologies().filter((word) => word.startsWith(typed));
  const candidates = words.map((word) => ({ word, description: 'comes with preannotate' }));
  return { candidates, others: 'files' };
}

/** The models on this machine. @param published - Those that can be fetched too. */
export async function completeModels(typed: string, published: boolean): Promise<Completion> {
  if (/^[./~]/.test(typed)) return FOLDERS;
  const { BUILTIN } = await import('../../model/source.js');
  const here = [BUILTIN.reference, ...(await listCached())].map((word) => ({ word, description: 'on this machine' }));
  const candidates = [...here, ...(published ? await listPublished() : [])];
  const isFirst = ({ word }: Candidate, i: number) => candidates.findIndex((other) => other.word === word) === i;
  return { candidates: candidates.filter(isFirst).filter(({ word }) => word.startsWith(typed)), others: 'none' };
}

async function listCached(): Promise<string[]> {
  const { readHubEnvironment } = await import('../../hub/environment.js');
  const { listCachedModels, referenceOf } = await import('../../hub/inventory.js');
  const { selectModelFiles } = await import('../../hub/files.js');
  const { mayHoldModel } = await import('../../model/read-checkpoint.js');
  const cached = await listCachedModels(readHubEnvironment(process.env).cache);
  const known = await Promise.all(cached.map(({ folder }) => mayHoldModel(folder)));
  return cached.filter(({ files }, i) => known[i]! && selectModelFiles(files, 'auto').usable).map(referenceOf);
}

async function listPublished(): Promise<Candidate[]> {
  const { PUBLISHED } = await import('../../model/published/checkpoints.js');
  return PUBLISHED.map(({ id, weightsMb }) => ({ word: id, description: `${weightsMb} MB` }));
}
