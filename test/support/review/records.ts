import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a run found in an image, as its journal has it. */
export interface StoredRecord {
  readonly image: string;
  readonly detections: readonly {
    readonly class: string;
    readonly prompt: string;
    readonly score: number;
    readonly box: readonly number[];
    readonly patch: number;
  }[];
}

/** The images of a run, by name. */
export async function recordsOf(outDir: string): Promise<StoredRecord[]> {
  const lines = (await readFile(join(outDir, 'detections.jsonl'), 'utf8')).trim().split('\n').slice(1);
  return lines
    .map((line) => JSON.parse(line) as StoredRecord)
    .map(({ image, detections }) => ({ image, detections }))
    .sort((a, b) => (a.image < b.image ? -1 : 1));
}
