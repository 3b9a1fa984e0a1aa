/** Bytes of buffers that wait to be used again. */
const MAX_FREE_BYTES = 32_000_000;

const STEP_BYTES = 2 ** 18; // sizes are rounded up, so that files of nearly the same size share buffers

/**
 * Buffers for whole files that are read one after another and needed only for a moment. With new ones, collecting the
 * old ones takes longer than reading the files.
 */
export class ReadBuffers {
  readonly #own = new WeakSet<ArrayBufferLike>(); // those that are in use
  readonly #free: ArrayBufferLike[] = []; // the last that was used first: it may be in the processor's caches
  #freeBytes = 0;

  /** Its content is anything. It begins at the start of its ArrayBuffer. */
  take(size: number): Buffer {
    const at = this.#free.findIndex(({ byteLength }) => byteLength >= size);
    const memory = at === -1 ? allocate(size) : this.#free.splice(at, 1)[0]!;
    if (at !== -1) this.#freeBytes -= memory.byteLength;
    this.#own.add(memory);
    return Buffer.from(memory, 0, size);
  }

  /** Takes back what `take` gave, or a part of it: nothing may read it any more. Other buffers are left alone. */
  give({ buffer }: Uint8Array): void {
    if (!this.#own.delete(buffer)) return;
    this.#free.unshift(buffer);
    this.#freeBytes += buffer.byteLength;
    while (this.#freeBytes > MAX_FREE_BYTES) this.#freeBytes -= this.#free.pop()!.byteLength;
  }
}

function allocate(size: number): ArrayBufferLike {
  return Buffer.allocUnsafeSlow(Math.max(1, Math.ceil(size / STEP_BYTES)) * STEP_BYTES).buffer;
}
