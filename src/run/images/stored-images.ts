import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { compareUtf8 } from '../../core/text.js';
import { select, type Selection } from '../../core/select.js';
import type { ImageIds } from '../numbers/image-ids.js';
import { divideNames, type Sources } from '../plan/sources.js';
import { RecordFile, type JournalEntry } from '../read-journal.js';
import { RecordReader } from '../record.js';

/** What of the images is shown. */
interface Shown {
  readonly ontology: Ontology;
  readonly selection: Selection;
  readonly sources?: Sources; // images whose files are gone or have changed are left out
  readonly urls?: ReadonlyMap<string, string>; // of remote images, by name; others may have theirs in the journal
  readonly signal?: AbortSignal;
}

/**
 * The images of a journal as a view shows them, sorted by name. Reads one line at a time and can be iterated
 * repeatedly, so that no view has to hold all images.
 */
export class StoredImages implements AsyncIterable<ViewImage> {
  readonly #path: string;
  readonly #entries: ReadonlyMap<string, JournalEntry>;
  readonly #names: readonly string[];
  readonly hiddenNames: readonly string[]; // of the journal's images that are left out, sorted
  readonly #ids: ImageIds;
  readonly #ontology: Ontology;
  readonly #selection: Selection;
  readonly #sources: Sources;
  readonly #urls: ReadonlyMap<string, string>;
  readonly #signal: AbortSignal | undefined;

  constructor(
    journal: { path: string; entries: ReadonlyMap<string, JournalEntry> },
    ids: ImageIds,
    { ontology, selection, sources = new Map(), urls = new Map(), signal }: Shown,
  ) {
    this.#path = journal.path;
    this.#entries = journal.entries;
    const [shown, hidden] = divideNames(journal.entries, sources);
    this.#names = shown.sort(compareUtf8);
    this.hiddenNames = hidden.sort(compareUtf8);
    this.#ids = ids;
    this.#ontology = ontology;
    this.#selection = selection;
    this.#sources = sources;
    this.#urls = urls;
    this.#signal = signal;
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
      const { width, height, size_bytes: sizeBytes, sha256, encoding, degraded } = record;
      const isDegraded = degraded !== undefined;
      const isMissing = this.#sources.get(name)?.state === 'kept';
      const id = this.#ids.of(name);
      const shown = { id, name, width, height, detections, stored, sizeBytes, sha256, isDegraded, isMissing };
      const { url: publicUrl } = record;
      const url = this.#urls.get(name) ?? publicUrl;
      yield {
        ...shown,
        ...(encoding === undefined ? {} : { encoding }),
        ...(url === undefined ? {} : { url }),
        ...(publicUrl === undefined ? {} : { publicUrl }),
      };
    }
  }
}
