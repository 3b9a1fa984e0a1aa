import type { FileHandle } from 'node:fs/promises';
import { fromFdPromise, type Entry, type ZipFile } from 'yauzl';
import { openReadableFile } from '../../disk/readable-file.js';

/** More files than the largest model has tensors, few enough to be listed in a second. */
const MAX_ENTRIES = 20_000;
const STORED = 0;

/** How a file starts that PyTorch wrote before version 1.6: a pickled number that stands for its format. */
const LEGACY_START = Buffer.from('80028a0a6cfc9c46f9206aa85019', 'hex');

/** An older checkpoint, which can be converted but not read. */
export class LegacyFormatError extends Error {}

/** Where a file inside the archive lies. */
interface Span {
  readonly offset: number; // bytes from the start of the archive
  readonly sizeBytes: number;
}

/**
 * The zip archive that `torch.save` writes: one folder with `data.pkl` and uncompressed `data/0`, `data/1`, …
 *
 * @see https://github.com/pytorch/pytorch/blob/main/caffe2/serialize/inline_container.h: the layout
 */
export class TorchArchive implements AsyncDisposable {
  readonly #file: FileHandle;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #root: string;

  private constructor(parts: { file: FileHandle; zip: ZipFile; entries: ReadonlyMap<string, Entry>; root: string }) {
    this.#file = parts.file;
    this.#zip = parts.zip;
    this.#entries = parts.entries;
    this.#root = parts.root;
  }

  /** @throws LegacyFormatError, and Error saying what is wrong with the archive. */
  static async open(path: string): Promise<TorchArchive> {
    const file = await openReadableFile(path);
    try {
      const start = Buffer.alloc(LEGACY_START.length);
      await file.read(start, 0, start.length, 0);
      if (start.equals(LEGACY_START))
        throw new LegacyFormatError('PyTorch wrote it in the form of versions before 1.6');
      const zip = await fromFdPromise(file.fd, { lazyEntries: true, autoClose: false });
      const entries = await readEntries(zip);
      return new TorchArchive({ file, zip, entries, root: findRoot(entries) });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  has(name: string): boolean {
    return this.#entries.has(this.#root + name);
  }

  /** Where the bytes of a file are. @throws Error when it is missing or compressed. */
  async locate(name: string): Promise<Span> {
    const entry = this.#entries.get(this.#root + name);
    if (entry === undefined) throw new Error(`it lacks ${name}`);
    if (entry.compressionMethod !== STORED || entry.isEncrypted()) {
      throw new Error(`${name} is compressed or encrypted, which torch.save does not do`);
    }
    const { fileDataStart } = await this.#zip.readLocalFileHeaderPromise(entry, { minimal: true });
    return { offset: fileDataStart, sizeBytes: entry.uncompressedSize };
  }

  async read(name: string, maxBytes: number): Promise<Buffer> {
    const { offset, sizeBytes } = await this.locate(name);
    if (sizeBytes > maxBytes) throw new Error(`${name} has ${sizeBytes} bytes, which is too many`);
    const bytes = Buffer.alloc(sizeBytes);
    const { bytesRead } = await this.#file.read(bytes, 0, sizeBytes, offset);
    if (bytesRead < sizeBytes) throw new Error(`${name} is cut short`);
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

/** yauzl refuses names that leave the archive, and sizes that contradict each other. */
async function readEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  if (zip.entryCount > MAX_ENTRIES) throw new Error(`it holds ${zip.entryCount} files, which is too many`);
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw new Error(`it holds "${entry.fileName}" twice`);
    entries.set(entry.fileName, entry);
  }
  return entries;
}

/** `archive/`, or what the file was called when it was written. */
function findRoot(entries: ReadonlyMap<string, Entry>): string {
  const indexes = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (indexes.length !== 1) throw new Error(`it holds ${indexes.length} files data.pkl, a checkpoint has one`);
  return indexes[0]!.slice(0, -'data.pkl'.length);
}
