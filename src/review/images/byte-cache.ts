/** Bytes by key, up to a number of bytes: those that were used last stay. */
export class ByteCache {
  readonly #maxBytes: number;
  readonly #kept = new Map<string, Uint8Array>(); // the one that was used last at the end
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get(key: string): Uint8Array | undefined {
    const bytes = this.#kept.get(key);
    if (bytes === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, bytes);
    return bytes;
  }

  /** Two may come with the same, such as an abandoned fetch and the one after it. */
  set(key: string, bytes: Uint8Array): void {
    if (bytes.length > this.#maxBytes) return;
    this.#delete(key);
    this.#kept.set(key, bytes);
    this.#bytes += bytes.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#delete(oldest);
    }
  }

  #delete(key: string): void {
    this.#bytes -= this.#kept.get(key)?.length ?? 0;
    this.#kept.delete(key);
  }
}
