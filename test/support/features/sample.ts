import { createHash } from 'node:crypto';
import type { FeatureKey, ImageFeatures, StoreProblem } from '../../../src/features/image-features.js';
import { FeatureStore, type StoreOptions } from '../../../src/features/feature-store.js';

export const KEY: FeatureKey = { version: 1, model: 'a'.repeat(64), height: 96, width: 96, tiles: null };

/** The hash of an image that a number stands for. */
export function hashOf(image: number): string {
  return createHash('sha256').update(`image ${image}`).digest('hex');
}

/** Features of an image that a number stands for; every value says which. @param patches - Odd, to test alignment. */
export function sampleFeatures(image: number, patches = 5): ImageFeatures {
  const half = new Uint16Array(patches * 3).fill(image);
  const full = new Float32Array(patches * 4).fill(image / 7);
  return {
    sha256: hashOf(image),
    sizeBytes: 1000 + image,
    width: 640,
    height: 480,
    encoding: 'JPEG',
    phash: '0123456789abcdef',
    ...(image % 2 === 1 ? { degraded: 'the end is missing: "größe"' } : {}),
    tensors: new Map([
      ['class_embeds', { type: 'float16' as const, shape: [1, patches, 3], data: bytesOf(half) }],
      ['boxes', { type: 'float32' as const, shape: [1, patches, 4], data: bytesOf(full) }],
    ]),
  };
}

/** A store, and the problems that it reports. */
export async function openStore(
  folder: string,
  options: Partial<StoreOptions> = {},
): Promise<{ store: FeatureStore; problems: StoreProblem[] }> {
  const problems: StoreProblem[] = [];
  const onProblem = (problem: StoreProblem) => void problems.push(problem);
  const store = await FeatureStore.open({ folder, key: KEY, writable: true, onProblem, ...options });
  return { store, problems };
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint16Array | Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
