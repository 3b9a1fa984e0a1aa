import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeepState } from '../../../src/core/gallery/ask.js';
import { preannotate, SCENES } from '../cli.js';
import { temporaryFolder } from '../temporary.js';
import type { ReviewCommand } from './review-command.js';

export const ONTOLOGY = `# what is on the table
classes:
  - name: bottle   # of glass
    prompts: [a photo of a bottle]
`;

/** A run of a few scenes with features, and its ontology. */
export interface AskedRun {
  readonly folder: string;
  readonly out: string;
  readonly ontology: string;
  readonly features: string;
  readonly command: readonly string[]; // that made it
}

/**
 * @param flags - Instead of those of the ontology and the features.
 * @param given - Folder; one for the test that runs where left out.
 */
export async function annotateToAsk(flags?: (folder: string) => readonly string[], given?: string): Promise<AskedRun> {
  const folder = given ?? (await temporaryFolder());
  for (const name of ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg']) {
    await cp(join(SCENES, name), join(folder, 'images', name));
  }
  const [out, ontology, features] = ['out', 'table.yaml', 'features'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(ontology, ONTOLOGY);
  const settings = flags?.(folder) ?? ['--ontology', ontology, '--features', features];
  const command = ['run', join(folder, 'images'), '--model', 'builtin:emoji', '--out', out, '--quiet', ...settings];
  const { code, stderr } = await preannotate(command);
  if (code !== 0) throw new Error(stderr);
  return { folder, out, ontology, features, command };
}

/** Waits until what is kept is in the run, or has failed. */
export async function untilKept(review: ReviewCommand): Promise<KeepState> {
  for (;;) {
    const state = await review.json<KeepState>('/api/ask/keep');
    if (state.is !== 'running') return state;
    await sleep(50);
  }
}

/** The status and the message of a problem. */
export async function refusalOf(answer: Response): Promise<string> {
  const { detail } = (await answer.json()) as { readonly detail: string };
  return `${answer.status} ${detail}`;
}
