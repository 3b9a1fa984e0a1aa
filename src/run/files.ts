import { join } from 'node:path';

/** The files of an output folder that are not views. */
export interface RunFiles {
  readonly manifest: string;
  readonly classes: string;
  readonly journal: string;
  readonly failures: string;
  readonly lock: string;
  readonly imageIds: string;
}

export function filesOf(outDir: string): RunFiles {
  return {
    manifest: join(outDir, 'run.json'),
    classes: join(outDir, 'classes.json'),
    journal: join(outDir, 'detections.jsonl'),
    failures: join(outDir, 'errors.jsonl'),
    lock: join(outDir, '.preannotate', 'lock'), // images/discover.ts knows output folders by this name
    imageIds: join(outDir, '.preannotate', 'images.jsonl'),
  };
}
