import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { compareUtf8 } from '../../core/text.js';
import { select, type Selection } from '../../core/select.js';
import type { ImageIds } from '../numbers/image-ids.js';
import { RecordFile, type JournalEntry } from '../read-journal.js';
import { RecordReader } from '../record.js';

/**
 * The images of a journal as a view shows them, sorted by name. Reads one line at a time and can be iterated
 * repeatedly, so that no view has to hold all images.
 */
export class StoredImages implements AsyncIterable<ViewImage> {
  readonly #path: string;
  readonly #entries: ReadonlyMap<string, JournalEntry>;
  readonly #names: readonly string[];
  readonly #ids: ImageIds;
  readonly #ontology: Ontology;
  readonly #selection: Selection;
  readonly #signal: AbortSignal | undefined;

  constructor(
    journal: { path: string; entries: ReadonlyMap<string, JournalEntry> },
    ids: ImageIds,
    shown: { ontology: Ontology; selection: Selection; signal?: AbortSignal },
  ) {
    this.#path = journal.path;
    this.#entries = journal.entries;
    this.#names = [...journal.entries.keys()].sort(compareUtf8);
    this.#ids = ids;
    this.#ontology = shown.ontology;
    this.#selection = shown.selection;
    this.#signal = shown.signal;
  }

  get size(): number {
    return this.#names.length;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ViewImage> {
    await using records = await RecordFile.open(this.#path);
    const reader = new RecordReader(this.#ontology);
    for (const name of this.#names) {
      this.#signal?.throwIfAborted();
      const record = await records.read(this.#entries.get(name)!);
      const stored = reader.detectionsOf(record);
      const detections = select(stored, this.#selection);
      const { width, height, size_bytes: sizeBytes, sha256, degraded } = record;
      const isDegraded = degraded !== undefined;
      yield { id: this.#ids.of(name), name, width, height, detections, stored, sizeBytes, sha256, isDegraded };
    }
  }
}
