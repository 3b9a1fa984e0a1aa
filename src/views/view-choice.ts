import { join } from 'node:path';
import type { SplitRule } from '../core/data-set/split.js';
import type { ImageFiles } from '../core/image-files.js';
import type { Selection } from '../core/select.js';
import type { AnnotationFormat, View } from '../formats/format.js';
import { formatNames, formats, type FormatName } from '../formats/index.js';
import { assertClassOrderKept } from '../formats/view-folder/class-order.js';
import { assertRecordSound, assertReplaceable, isView } from '../formats/view-folder/replaceable.js';
import { countPreviews, PREVIEW_SIGNATURE } from '../workers/previews/preview-folder.js';

/** Folder of the previews, beside those of the formats. */
export const PREVIEWS = 'previews';

/** Which views to write, and of which detections. */
export interface ViewChoice {
  readonly selection: Selection;
  readonly formats: readonly FormatName[];
  readonly previews: number; // of the first images by name
  readonly imageFiles?: ImageFiles; // left out: as suits the readers of each format
  readonly split?: SplitRule | undefined; // left out: the images are not divided
  readonly negatives?: number | undefined; // share of the images with nothing found; left out: all
  readonly upright?: boolean | undefined; // turned images are written upright
  readonly onlyReviewed?: boolean | undefined; // images that no person has accepted are left out
  readonly reassign?: boolean; // existing parts are ignored
  readonly overwriteEdited: boolean; // files of views that the user edited
}

/** Where views go. */
export interface ViewTarget extends Omit<ViewChoice, 'selection'> {
  readonly outDir: string; // absolute
}

/**
 * What is to be written: the views that are asked for, and those that the folder has, which would otherwise go on
 * showing other boxes.
 *
 * @throws PreannotateError JOURNAL_DAMAGED when the record of what was written into one of them is damaged.
 */
export async function withPresentViews<Choice extends Pick<ViewChoice, 'formats' | 'previews'>>(
  outDir: string,
  choice: Choice,
): Promise<Choice> {
  const present: FormatName[] = [];
  for (const name of formatNames) {
    const isAsked = choice.formats.includes(name);
    if (!isAsked && (await isView(join(outDir, name), formats[name].signature))) present.push(name);
  }
  const previews = Math.max(choice.previews, await countPreviews(join(outDir, PREVIEWS)));
  return { ...choice, formats: [...choice.formats, ...present], previews };
}

/**
 * Makes sure, before any work is done, that the views can be written in the end.
 *
 * @throws PreannotateError OUTPUT_UNUSABLE when other files are in their place, or edited ones that number classes in
 *   another order; JOURNAL_DAMAGED when the record of written files is damaged.
 */
export async function assertViewsReplaceable(
  { outDir, formats: names, previews, ontology, overwriteEdited }: ViewTarget & Pick<View, 'ontology'>,
  root: string | undefined,
): Promise<void> {
  for (const name of names) {
    const { signature, classOrder, layout }: AnnotationFormat = formats[name];
    const view = { outDir: join(outDir, name), root, overwriteEdited };
    await assertReplaceable(view, signature);
    await assertRecordSound(view.outDir);
    if (classOrder !== undefined) await assertClassOrderKept(view, classOrder(ontology), layout);
  }
  if (previews > 0) await assertReplaceable({ outDir: join(outDir, PREVIEWS), root }, PREVIEW_SIGNATURE);
}
