import type { FileHandle } from 'node:fs/promises';
import { readFieldAt, HEAD_BYTES, type Field } from './proto-reader.js';

const CHUNK_BYTES = 1 << 16;

/** A protocol buffers file that is read by position, so that payloads of gigabytes are skipped. */
export class ProtoFile {
  readonly size: number;
  readonly #file: FileHandle;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  #from = 0; // the part of the file that is in the chunk
  #to = 0;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  static async open(file: FileHandle): Promise<ProtoFile> {
    return new ProtoFile(file, (await file.stat()).size);
  }

  /**
   * The fields of the message between two positions; their positions are in the file as well.
   *
   * @throws Error when one extends beyond the end of the message.
   */
  async *fields(from: number, to: number): AsyncGenerator<Field> {
    for (let at = from; at < to;) {
      const head = readFieldAt(await this.#headAt(at, to), 0);
      const field = { ...head, from: at + head.from, to: at + head.to };
      if (field.to > to) {
        throw new Error(
          `a field at byte ${at} ends at ${field.to}, ${field.to - to} bytes past the message that contains it`,
        );
      }
      yield field;
      at = field.to;
    }
  }

  /** @param maxBytes - More is refused: no valid file has such a large part that must be read whole. */
  async bytes({ from, to }: { from: number; to: number }, maxBytes: number): Promise<Buffer> {
    if (to - from > maxBytes)
      throw new Error(`${to - from} bytes at ${from} are more than the ${maxBytes} allowed here`);
    const bytes = Buffer.alloc(to - from);
    const { bytesRead } = await this.#file.read(bytes, 0, bytes.length, from);
    if (bytesRead < bytes.length) throw new Error('it was truncated while it was being read');
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
