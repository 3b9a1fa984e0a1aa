import type { FileHandle } from 'node:fs/promises';
import { fieldAt, HEAD_BYTES, type Field } from './wire.js';

const CHUNK_BYTES = 1 << 16;

/** A protocol buffers file read by position, so that payloads of gigabytes are stepped over. */
export class FileFields {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #from = 0; // what of the file is in the chunk
  #to = 0;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  static async of(file: FileHandle): Promise<FileFields> {
    return new FileFields(file, (await file.stat()).size);
  }

  /**
   * The fields of the message between two positions; theirs are positions in the file.
   *
   * @throws Error when one reaches past the end of the message.
   */
  async *fields(from: number, to: number): AsyncGenerator<Field> {
    for (let at = from; at < to;) {
      const head = fieldAt(await this.#headAt(at, to), 0);
      const field = { ...head, from: at + head.from, to: at + head.to };
      if (field.to > to) {
        throw new Error(`a field at byte ${at} ends at ${field.to}, ${field.to - to} bytes past what holds it`);
      }
      yield field;
      at = field.to;
    }
  }

  /** @param maxBytes - More is refused: nothing that is read whole is as large in an honest file. */
  async bytes({ from, to }: { from: number; to: number }, maxBytes: number): Promise<Buffer> {
    if (to - from > maxBytes)
      throw new Error(`${to - from} bytes at ${from} are more than the ${maxBytes} allowed here`);
    const bytes = Buffer.alloc(to - from);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, from);
    if (bytesRead < bytes.length) throw new Error('it was cut off while it was read');
    return bytes;
  }

  async #headAt(at: number, end: number): Promise<Uint8Array> {
    const to = Math.min(at + HEAD_BYTES, end);
    if (at < this.#from || to > this.#to) {
      const { bytesRead } = await this.#file.read(this.#chunk, 0, CHUNK_BYTES, at);
      this.#from = at;
      this.#to = at + bytesRead;
    }
    return this.#chunk.subarray(at - this.#from, Math.min(to, this.#to) - this.#from);
  }
}
