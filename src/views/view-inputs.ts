import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { ALL_NEGATIVES } from '../core/data-set/negatives.js';
import type { AnnotationFormat, Provenance, View, ViewInputs } from '../formats/format.js';
import type { JournalHeader } from '../run/header.js';
import type { CountedImages } from '../run/images/counted-images.js';
import type { ViewDigests } from '../run/images/view-digest.js';
import type { Division } from '../run/split/divide.js';

/** The images of a view, counted, and the digests of what they come from. */
interface CountedView extends Pick<View, 'outDir' | 'root' | 'imageFiles' | 'provenance'> {
  readonly images: CountedImages;
  readonly upright?: boolean | undefined;
  readonly negatives?: number | undefined;
  readonly onlyReviewed?: boolean | undefined;
  readonly division?: Division | undefined; // left out: the images are not divided
  readonly digests?: ViewDigests | undefined; // left out where the images are not those of a whole journal
}

/**
 * What a view is made from, so that it is made again only when that changes.
 *
 * @returns undefined where it is made in any case: remote images may have other addresses, and other content, now.
 */
export async function describeInputs(
  { form, images: usual }: Pick<AnnotationFormat, 'form' | 'images'>,
  {
    outDir,
    root,
    imageFiles = usual,
    provenance,
    images,
    upright = false,
    negatives = ALL_NEGATIVES,
    onlyReviewed = false,
    division,
    digests,
  }: CountedView,
): Promise<ViewInputs | undefined> {
  if (digests === undefined || root === undefined) return undefined;
  const place = await realpath(outDir).catch(async () => join(await realpath(dirname(outDir)), basename(outDir)));
  const others = {
    form,
    provenance,
    imageFiles,
    images: [relative(place, root), basename(root)], // of links, and of tasks that name the folder
    ...(upright ? { upright } : {}),
    ...(negatives === ALL_NEGATIVES ? {} : { negatives }),
    ...(onlyReviewed ? { onlyReviewed } : {}),
    ...(division === undefined ? {} : { parts: [division.parts, division.digest] }),
    date: process.env['SOURCE_DATE_EPOCH'] ?? '',
  };
  return {
    digest: await digests.of(others, usual !== undefined && imageFiles !== 'none'),
    counts: () => images.counts(),
    restoreCounts: (counts) => images.restoreCounts(counts),
  };
}

/** The tool and the model that made the annotations, for the files that name them. */
export function provenanceOf({ preannotate, model, created }: JournalHeader): Provenance {
  const year = Number(created.slice(0, 4));
  return { version: preannotate, model: model.reference, modelSha256: model.sha256, year };
}
