import type { Decision } from './core/review/decision.js';
import type { Selection } from './core/select.js';
import { packImages, type PackedResults } from './gallery-pack.js';
import { toGalleryFile } from './http/page/gallery-file.js';
import { toLink } from './http/page/image-links.js';
import type { CurrentReview } from './run/review/current-review.js';
import { previewPathOf } from './workers/previews/preview-path.js';

/** What the page over the previews shows. */
interface Indexed {
  readonly run: PackedResults;
  readonly selection: Selection; // of the boxes that are drawn
  readonly review: CurrentReview | undefined;
}

/**
 * The page over the previews, as a file that stands beside them. It says nothing of the run as a whole, so `run` and
 * `export` write the same.
 *
 * @returns What makes it of the images that have a preview.
 */
export function createPreviewIndex({ run, selection, review }: Indexed) {
  return async function* (names: readonly string[]): AsyncGenerator<string> {
    const pack = await packImages(run, { title: 'Previews', names, selection });
    const links = pack.facts.images.names.map((name) => toLink(previewPathOf(name)));
    yield* toGalleryFile({ mode: 'previews', pack, decisions: decisionsOf(pack.facts.images.names, review), links });
  };
}

/** Who made them, and when, is left out. */
function decisionsOf(names: readonly string[], review: CurrentReview | undefined): Decision[] {
  return names.flatMap((name) => {
    const decision = review?.decisions.get(name);
    return decision === undefined ? [] : [{ ...decision, author: '', at: '' }];
  });
}
