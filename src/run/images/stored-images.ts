import type { ViewImage } from '../../core/image.js';
import { ALL_NEGATIVES } from '../../core/data-set/negatives.js';
import type { Ontology } from '../../core/ontology.js';
import type { PartName } from '../../core/data-set/split.js';
import { indexClasses, toViewBoxes } from '../../core/review/view-box.js';
import { compareUtf8 } from '../../core/text.js';
import { select, type Selection } from '../../core/select.js';
import { isChosenNegative } from './choose-negatives.js';
import type { ImageIds } from '../numbers/image-ids.js';
import { divideNames, type Sources } from '../plan/sources.js';
import type { JournalEntries } from '../entries/entry-table.js';
import { RecordFile } from '../read-journal.js';
import { RecordReader } from '../record.js';
import type { CurrentReview } from '../review/current-review.js';

/** What of the images is shown. */
interface Shown {
  readonly ontology: Ontology;
  readonly selection: Selection;
  readonly review?: Pick<CurrentReview, 'decisions'> | undefined; // left out: boxes are those of the model
  readonly onlyReviewed?: boolean | undefined; // images that no person has accepted are left out
  readonly sources?: Sources; // images whose files are gone or have changed are left out
  readonly partOf?: ((name: string) => PartName) | undefined; // left out: the images are not divided
  readonly negatives?: number | undefined; // share of the images with nothing found that is shown; left out: all
  readonly urls?: ReadonlyMap<string, string>; // of remote images, by name; others may have theirs in the journal
  readonly signal?: AbortSignal;
}

/**
 * The images of a journal as a view shows them, sorted by name. Reads one line at a time and can be iterated
 * repeatedly, so that no view has to hold all images.
 */
export class StoredImages implements AsyncIterable<ViewImage> {
  readonly #path: string;
  readonly #entries: JournalEntries;
  readonly #names: readonly string[];
  readonly #hidden: readonly string[]; // of the journal's images whose files are gone or have changed
  readonly #negatives: number;
  #leftOut: string[] | undefined; // images with nothing found, once all were read
  readonly #decisions: CurrentReview['decisions'];
  readonly #unreviewed: number;
  readonly #ids: ImageIds;
  readonly #ontology: Ontology;
  readonly #selection: Selection;
  readonly #sources: Sources;
  readonly #partOf: ((name: string) => PartName) | undefined;
  readonly #urls: ReadonlyMap<string, string>;
  readonly #signal: AbortSignal | undefined;

  constructor(
    journal: { path: string; entries: JournalEntries },
    ids: ImageIds,
    { sources = new Map(), urls = new Map(), negatives = ALL_NEGATIVES, onlyReviewed = false, ...shownOf }: Shown,
  ) {
    const { ontology, selection, review, partOf, signal } = shownOf;
    this.#decisions = review?.decisions ?? new Map<string, never>();
    this.#path = journal.path;
    this.#entries = journal.entries;
    const [there, hidden] = divideNames(journal.entries, sources);
    const isAccepted = (name: string) => this.#decisions.get(name)?.state === 'accepted';
    const unreviewed = onlyReviewed ? there.filter((name) => !isAccepted(name)) : [];
    this.#names = (onlyReviewed ? there.filter(isAccepted) : there).sort(compareUtf8);
    this.#hidden = [...hidden, ...unreviewed];
    this.#unreviewed = unreviewed.length;
    this.#negatives = negatives;
    this.#ids = ids;
    this.#ontology = ontology;
    this.#selection = selection;
    this.#sources = sources;
    this.#partOf = partOf;
    this.#urls = urls;
    this.#signal = signal;
  }

  get size(): number {
    return this.#names.length;
  }

  /** How many images are left out: those with nothing found once all others were read. */
  get leftOut(): { negatives: number; unreviewed: number } {
    return { negatives: this.#leftOut?.length ?? 0, unreviewed: this.#unreviewed };
  }

  /** The journal's images that are left out, sorted. Where that depends on what was found, it may read the journal. */
  async listHidden(): Promise<readonly string[]> {
    if (this.#leftOut === undefined && this.#negatives < ALL_NEGATIVES) for await (const _ of this) continue;
    return [...this.#hidden, ...(this.#leftOut ?? [])].sort(compareUtf8);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ViewImage> {
    const leftOut: string[] = [];
    yield* this.#read(this.#names, leftOut);
    this.#leftOut = leftOut;
  }

  /** Those of a part, which can be iterated repeatedly, too: the others are not read. */
  ofPart(part: PartName): AsyncIterable<ViewImage> {
    const names = this.#names.filter((name) => this.#partOf?.(name) === part);
    return { [Symbol.asyncIterator]: () => this.#read(names, []) };
  }

  async *#read(names: readonly string[], leftOut: string[]): AsyncGenerator<ViewImage> {
    await using records = await RecordFile.open(this.#path);
    const reader = new RecordReader(this.#ontology);
    const indices = indexClasses(this.#ontology);
    for (const name of names) {
      this.#signal?.throwIfAborted();
      const record = await records.read(this.#entries.get(name)!);
      const stored = reader.detectionsOf(record);
      const selected = select(stored, this.#selection);
      const decision = this.#decisions.get(name);
      const detections = decision === undefined ? selected : toViewBoxes(selected, decision, indices);
      const { width, height, size_bytes: sizeBytes, sha256, encoding, degraded } = record;
      const isNegative = detections.length === 0 && this.#negatives < ALL_NEGATIVES;
      if (isNegative && !isChosenNegative(sha256, this.#negatives)) {
        leftOut.push(name);
        continue;
      }
      const isDegraded = degraded !== undefined;
      const isMissing = this.#sources.get(name)?.state === 'kept';
      const id = this.#ids.of(name);
      const shown = { id, name, width, height, detections, stored, sizeBytes, sha256, isDegraded, isMissing };
      const { url: publicUrl } = record;
      const url = this.#urls.get(name) ?? publicUrl;
      yield {
        ...shown,
        ...(decision?.state === 'accepted' ? { isAccepted: true } : {}),
        ...(this.#partOf === undefined ? {} : { part: this.#partOf(name) }),
        ...(encoding === undefined ? {} : { encoding }),
        ...(url === undefined ? {} : { url }),
        ...(publicUrl === undefined ? {} : { publicUrl }),
      };
    }
  }
}
