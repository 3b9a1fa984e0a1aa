import { createHash } from 'node:crypto';

const SHA256 = /^[\da-f]{64}$/;
const PHASH = /^[\da-f]{16}$/;
const SHA256_BYTES = 32;

/** What an image holds. */
export interface ImageContent {
  readonly name: string;
  readonly sha256: string; // of the file
  readonly phash?: string | undefined; // of what it looks like, where that is known
}

/** The contents of many images side by side: objects would take several times the memory. */
export class ImageContents {
  readonly names: readonly string[];
  readonly #sha256: Buffer;
  readonly #phash: Uint32Array; // two for each
  readonly #hasPhash: Uint8Array;

  /** @param names - Of all images; what they hold is set afterwards. */
  constructor(names: readonly string[]) {
    this.names = names;
    this.#sha256 = Buffer.alloc(names.length * SHA256_BYTES);
    this.#phash = new Uint32Array(names.length * 2);
    this.#hasPhash = new Uint8Array(names.length);
  }

  static of(images: readonly ImageContent[]): ImageContents {
    const contents = new ImageContents(images.map(({ name }) => name));
    images.forEach((image, i) => contents.set(i, image));
    return contents;
  }

  get count(): number {
    return this.names.length;
  }

  set(index: number, { sha256, phash }: Omit<ImageContent, 'name'>): void {
    const isHash = SHA256.test(sha256); // other programs may write other texts
    const digits = isHash ? sha256 : createHash('sha256').update(sha256).digest('hex');
    this.#sha256.write(digits, index * SHA256_BYTES, 'hex');
    if (phash === undefined || !PHASH.test(phash)) return;
    this.#phash[index * 2] = Number.parseInt(phash.slice(0, 8), 16);
    this.#phash[index * 2 + 1] = Number.parseInt(phash.slice(8), 16);
    this.#hasPhash[index] = 1;
  }

  sha256Of(index: number): string {
    return this.#sha256.toString('hex', index * SHA256_BYTES, (index + 1) * SHA256_BYTES);
  }

  /** Orders contents, by their hashes. */
  compare(a: number, b: number): number {
    const [from, to] = [a * SHA256_BYTES, b * SHA256_BYTES];
    return this.#sha256.compare(this.#sha256, to, to + SHA256_BYTES, from, from + SHA256_BYTES);
  }

  /** The first bits of the hash of the file. */
  keyOf(index: number): number {
    return this.#sha256.readUIntBE(index * SHA256_BYTES, 6);
  }

  hasPhash(index: number): boolean {
    return this.#hasPhash[index] === 1;
  }

  /** 32 bits of the perceptual hash. @param half - 0 or 1 */
  phashOf(index: number, half: 0 | 1): number {
    return this.#phash[index * 2 + half]!;
  }
}
