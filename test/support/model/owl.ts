import type { RequestedPrecision } from '../../../src/core/precision.js';
import type { OwlCheckpoint } from '../../../src/model/owl/config.js';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';

/** Reads a checkpoint that is of OWL-ViT or OWLv2, for tests that look into its configuration. */
export async function readOwlCheckpoint(folder: string, precision?: RequestedPrecision): Promise<OwlCheckpoint> {
  return (await readCheckpoint(folder, precision)) as OwlCheckpoint;
}
