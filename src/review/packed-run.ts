import { createHash } from 'node:crypto';
import { encodePack, splitPack, toDigest, type GalleryPack } from '../core/gallery/pack.js';
import type { Decision } from '../core/review/decision.js';
import { buildPack } from '../gallery/build-pack.js';

/** A run as pages load it. */
export interface PackedRun extends GalleryPack {
  readonly bytes: Uint8Array;
  readonly tag: string; // of the bytes
  readonly indexOf: ReadonlyMap<number, number>; // by the numbers of images
  readonly indexByName: ReadonlyMap<string, number>;
}

/** @throws PreannotateError JOURNAL_DAMAGED */
export async function packRun(packed: Omit<Parameters<typeof buildPack>[0], 'hasDigests'>): Promise<PackedRun> {
  const built = await buildPack({ ...packed, hasDigests: true });
  const { facts } = built;
  const { ids, names } = facts.images;
  const bytes = encodePack(built);
  const tag = createHash('sha256').update(bytes).digest('base64url');
  const indexOf = new Map(ids.map((id, index) => [id, index]));
  const indexByName = new Map(names.map((name, index) => [name, index]));
  return { facts, boxes: splitPack(bytes).boxes, bytes, tag, indexOf, indexByName };
}

/** Whether a decision is about the bytes of an image that the run has seen. */
export function isOfRun({ image, sha256 }: Pick<Decision, 'image' | 'sha256'>, run: PackedRun): boolean {
  const index = run.indexByName.get(image);
  return index !== undefined && run.facts.images.digests![index] === toDigest(sha256);
}
