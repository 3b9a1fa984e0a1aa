import { createHash } from 'node:crypto';
import { encodePack, type GalleryFacts } from '../core/gallery/pack.js';
import { buildPack } from '../gallery/build-pack.js';

/** A run as pages load it. */
export interface PackedRun {
  readonly bytes: Uint8Array;
  readonly tag: string; // of the bytes
  readonly facts: GalleryFacts;
  readonly indexOf: ReadonlyMap<number, number>; // by the numbers of images
  readonly digests: ReadonlyMap<string, string>; // of the bytes of images, by name
}

/** @throws PreannotateError JOURNAL_DAMAGED */
export async function packRun(packed: Omit<Parameters<typeof buildPack>[0], 'hasDigests'>): Promise<PackedRun> {
  const { facts, ...rest } = await buildPack({ ...packed, hasDigests: true });
  const indexOf = new Map(facts.images.ids.map((id, index) => [id, index]));
  const bytes = encodePack({ facts, ...rest });
  const tag = createHash('sha256').update(bytes).digest('base64url');
  const { names, digests = [] } = facts.images;
  return { facts, bytes, tag, indexOf, digests: new Map(names.map((name, index) => [name, digests[index]!])) };
}
