const FIRST_BYTES = 16 * 1024;

/** Bytes that arrive in parts. Parts are copied at once: a list of one-byte parts takes a hundred times their size. */
export class GrowingBuffer {
  readonly #maxBytes: number;
  #buffer: Buffer;
  #size = 0;

  /**
   * @param maxBytes - The caller must not append more.
   * @param expectedBytes - Allocated at once, so that what arrives need not be copied into larger and larger buffers.
   */
  constructor(maxBytes: number, expectedBytes = FIRST_BYTES) {
    this.#maxBytes = maxBytes;
    this.#buffer = Buffer.allocUnsafe(Math.min(expectedBytes, maxBytes));
  }

  append(part: Buffer): void {
    const size = this.#size + part.length;
    if (size > this.#buffer.length) this.#growTo(size);
    this.#size += part.copy(this.#buffer, this.#size);
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  #growTo(size: number): void {
    const larger = Buffer.allocUnsafe(Math.max(size, Math.min(2 * this.#buffer.length, this.#maxBytes)));
    this.bytes.copy(larger);
    this.#buffer = larger;
  }
}
