import { performance } from 'node:perf_hooks';
import { PreannotateError } from '../../core/errors.js';
import type { ImageSource, StageTimes } from '../../core/image.js';
import { planCrops, type TileOptions } from '../../core/tiling/tiles.js';
import { toFailure } from './image-failure.js';
import type { ImagePreparer, Preparation, PreparedImage } from './image-preparer.js';
import type { KeptFeatures } from './kept-features.js';

/** Finds images by the hash that they had when they were annotated: their files are not read. */
export class StoredPreparer implements Pick<ImagePreparer, 'prepare' | 'stuck'> {
  readonly #kept: KeptFeatures;
  readonly #tiles: TileOptions | undefined;

  constructor({ kept, tiles }: { kept: KeptFeatures; tiles: TileOptions | undefined }) {
    this.#kept = kept;
    this.#tiles = tiles;
  }

  /** None: the features that are read are counted where they are kept. */
  get stuck(): number {
    return 0;
  }

  /** Never rejects: that the features of an image are not there is in the result. */
  async prepare(
    source: ImageSource,
    times: Record<keyof StageTimes, number>,
    signal?: AbortSignal,
  ): Promise<Preparation> {
    const start = performance.now();
    try {
      return { ok: true, image: await this.#find(source, signal) };
    } catch (error) {
      return { ok: false, failure: toFailure(error, source) };
    } finally {
      times.read += performance.now() - start;
    }
  }

  async #find(source: ImageSource, signal: AbortSignal | undefined): Promise<PreparedImage> {
    signal?.throwIfAborted();
    if ('bytes' in source || source.known === undefined) throw new Error('an image has no hash. This is a bug.');
    const { sha256, sizeBytes } = source.known;
    const found = await this.#kept.find(sha256, ({ size }) => planCrops(size, this.#tiles).length);
    if (found === undefined) throw notStoredError();
    const input = () => Promise.reject(new Error('pixels of stored features are asked for. This is a bug.'));
    const stamp = { sha256, sizeBytes, modifiedMs: 0 };
    return { stamp, ...found, crops: planCrops(found.size, this.#tiles), input };
  }
}

/** Callers add the name of the image. */
export function notStoredError(): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_UNREADABLE',
    message: 'its features are not stored.',
    hint: 'The command of the run stores what is missing, with --features.',
  });
}
