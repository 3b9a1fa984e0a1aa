import type { Decision } from '../core/review/decision.js';
import type { Selection } from '../core/select.js';
import { packImages, type PackedResults } from './build-pack.js';
import { toGalleryFile } from './gallery-file.js';
import { toLink } from './image-links.js';
import type { CurrentReview } from '../run/review/current-review.js';
import { previewPathOf } from '../workers/previews/preview-path.js';

/** What the page over the previews shows. */
interface Indexed {
  readonly run: PackedResults;
  readonly selection: Selection; // of the boxes that are drawn
  readonly review: CurrentReview | undefined;
}

/** Makes the page of the images that have a preview. */
type MakeIndex = (names: readonly string[]) => AsyncGenerator<string>;

/**
 * The page over the previews, as a file that stands beside them. It says nothing of the run as a whole, so `run` and
 * `export` write the same.
 *
 * @returns What makes it of the images that have a preview.
 */
export function createPreviewIndex({ run, selection, review }: Indexed): MakeIndex {
  return async function* (names: readonly string[]): AsyncGenerator<string> {
    const pack = await packImages(run, { title: 'Previews', names, selection });
    const links = pack.facts.images.names.map((name) => toLink(previewPathOf(name)));
    yield* toGalleryFile({ mode: 'previews', pack, decisions: decisionsOf(pack.facts.images.names, review), links });
  };
}

const LIVE_INTERVAL_MS = 60_000;

/** The page over previews while a run adds to them: it is made anew once a minute, and stays as it is in between. */
export class LiveIndex {
  readonly #now: () => number;
  #made: readonly string[] | undefined;
  #nextMs = -Infinity;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** @param make - Makes it of the run as it is now. */
  of(make: MakeIndex): MakeIndex {
    const write = (names: readonly string[]) => this.#write(make, names);
    return async function* (names) {
      yield* await write(names);
    };
  }

  async #write(make: MakeIndex, names: readonly string[]): Promise<readonly string[]> {
    if (this.#made !== undefined && this.#now() < this.#nextMs) return this.#made;
    const parts: string[] = [];
    for await (const part of make(names)) parts.push(part);
    this.#nextMs = this.#now() + LIVE_INTERVAL_MS;
    return (this.#made = parts);
  }
}

/** Who made them, and when, is left out. */
function decisionsOf(names: readonly string[], review: CurrentReview | undefined): Decision[] {
  return names.flatMap((name) => {
    const decision = review?.decisions.get(name);
    return decision === undefined ? [] : [{ ...decision, author: '', at: '' }];
  });
}
