import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseSnapshotFolder } from '../../hub/layout.js';
import { PUBLISHED, type PublishedCheckpoint } from './checkpoints.js';

/**
 * The published checkpoint that a model's reference names: by its id on the Hub, at any revision, or as its folder in
 * the Hub's cache. Any other folder may hold anything, also one that is called as a hub id.
 */
export function findPublished(reference: string): PublishedCheckpoint | undefined {
  const folder = resolve(reference);
  const named = existsSync(folder) ? parseSnapshotFolder(folder) : reference;
  return PUBLISHED.find(({ id }) => id === named?.split('@')[0]);
}
