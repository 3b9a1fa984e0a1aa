import { join } from 'node:path';
import type { ViewImage } from '../core/image.js';
import type { View } from '../formats/format.js';
import { formats } from '../formats/index.js';
import type { RunProgress } from '../progress/run-progress.js';
import type { CountedImages } from '../run/images/counted-images.js';
import type { ViewDigests } from '../run/images/view-digest.js';
import { NONE_MISSING, type MissingFiles } from '../run/manifest.js';
import type { Division } from '../run/split/divide.js';
import type { PreviewFolder, PreviewJob, PreviewResult } from '../workers/previews/preview-folder.js';
import { UprightCopies } from '../workers/previews/upright-copies.js';
import { PREVIEWS, type ViewTarget } from './view-choice.js';
import { describeInputs } from './view-inputs.js';

/** Views to write, of which images. */
type WrittenViews = Omit<View, 'outDir' | 'images' | 'madeFrom' | 'parts' | 'uprightWriter'> &
  ViewTarget &
  Pick<PreviewJob, 'limits' | 'examples' | 'signal' | 'index'> & {
    readonly images: CountedImages;
    readonly previewed?: AsyncIterable<ViewImage>; // also those with nothing found that are left out
    readonly negatives?: number | undefined;
    readonly onlyReviewed?: boolean | undefined;
    readonly division?: Division | undefined; // of the images; left out: they are not divided
    readonly digests?: ViewDigests | undefined; // left out where the images are not those of a whole journal
  };

/** Writes the requested annotation files and previews. @returns How many of their files could not be made. */
export async function writeViews(
  views: WrittenViews,
  previews: PreviewFolder,
  progress: Pick<RunProgress, 'note'>,
): Promise<MissingFiles> {
  let copies = 0;
  const onMissingCopy = () => {
    copies++;
  };
  await using uprightWriter = views.upright === true ? new UprightCopies(views.limits) : undefined;
  const parts = views.division?.parts;
  for (const name of views.formats) {
    const view = { ...views, outDir: join(views.outDir, name), parts, uprightWriter, onMissingCopy };
    const notes = await formats[name].write({ ...view, madeFrom: await describeInputs(formats[name], view) });
    notes.forEach((note) => progress.note(note));
  }
  if (views.previews === 0) return { ...NONE_MISSING, copies };
  const { notes, missing } = await writePreviews(views, previews);
  notes.forEach((note) => progress.note(note));
  return { previews: missing, copies };
}

/** Writes the previews alone. */
export async function writePreviews(views: WrittenViews, previews: PreviewFolder): Promise<PreviewResult> {
  const { previewed: images = views.images } = views;
  return await previews.update({ ...views, images, outDir: join(views.outDir, PREVIEWS), count: views.previews });
}
