import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Xyxy } from '../../../src/core/box.js';
import type { Change, DecidedBox } from '../../../src/core/review/decision.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';

export interface StoredImage {
  readonly image: string;
  readonly sha256: string;
  readonly detections: readonly {
    readonly class: string;
    readonly prompt: string;
    readonly score: number;
    readonly box: Xyxy;
    readonly patch: number;
  }[];
}

/** What the journal of a run has of an image: its last line. */
export async function storedImage(outDir: string, name: string): Promise<StoredImage> {
  const lines = (await readFile(join(outDir, 'detections.jsonl'), 'utf8')).split('\n').slice(1, -1);
  return lines
    .map((line) => JSON.parse(line) as StoredImage)
    .filter(({ image }) => image === name)
    .at(-1)!;
}

/** The box of the model with the nth best score, as a reviewer keeps it. */
export function keptBox({ detections }: StoredImage, place: number): DecidedBox {
  const { class: name, prompt, score, box, patch } = detections[place]!;
  return { id: `p${patch}`, status: 'kept', class: name, box, from: box, prompt, score };
}

export const ACCEPT: Change = { op: 'state', state: 'accepted' };

/** Saves what a reviewer does to an image, given what the model has found in it. */
export async function decide(
  outDir: string,
  name: string,
  change: (image: StoredImage) => readonly Change[],
): Promise<void> {
  const image = await storedImage(outDir, name);
  await using journal = await ReviewJournal.open(outDir);
  await journal.append({ image: name, sha256: image.sha256, changes: change(image), author: 'Ana' });
}
