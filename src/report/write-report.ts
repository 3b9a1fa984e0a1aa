import { basename, join } from 'node:path';
import { buildPack } from '../gallery/build-pack.js';
import type { GalleryPack } from '../core/gallery/pack.js';
import type { Decision } from '../core/review/decision.js';
import { printable } from '../core/text.js';
import { mapInOrder } from '../core/stream.js';
import { replaceIfChanged } from '../disk/atomic.js';
import { toGalleryFile, type GalleryFile } from '../gallery/gallery-file.js';
import { readStoredSelection, resolveSelection } from '../config/selection.js';
import { StoredImages } from '../run/images/stored-images.js';
import { findRunRoot } from '../run/image-root.js';
import { openRun, type OpenedRun, type ShowRun } from '../run/open-run.js';
import { readCurrentReview } from '../run/review/current-review.js';
import { Thumbnails } from '../workers/previews/thumbnails.js';
import { folderFrom, toLink } from '../gallery/image-links.js';
import { assertReportReplaceable } from './report-place.js';
import { uncertainFirst } from './uncertain-first.js';

/** Pictures of so many images are large; those of more are small, so that more fit. */
const LARGE_UP_TO = 1_000;
const LARGE_PX = 320;
const SMALL_PX = 176;

/** What a report is made of. */
export interface ReportJob {
  readonly outDir: string; // absolute, of the run
  readonly file: string; // absolute, of the report
  readonly maxBytes: number;
  readonly link: boolean; // to the images, instead of embedding thumbnails
  readonly imagesRoot?: string | undefined; // absolute; where the images are now, if they were moved
  readonly evaluation?: unknown;
  readonly show: ShowRun;
  readonly signal?: AbortSignal;
}

/** What a report holds. */
export interface WrittenReport {
  readonly images: number;
  readonly boxes: number; // as the files of an export have them
  readonly stored: number; // boxes, of all scores
  readonly failures: number;
  readonly reviewed: number; // images that people have accepted
  readonly embedded: number; // thumbnails
  readonly unreadable: number; // images of which no thumbnail could be made
  readonly linked: number;
  readonly bytes: number;
  readonly notes: readonly string[];
}

/**
 * Writes a run as one HTML file. The same run gives the same bytes; a report that has them already is left alone.
 *
 * @throws PreannotateError INPUT_NOT_FOUND where there is no run, JOURNAL_DAMAGED, OUTPUT_UNUSABLE, WRITE_FAILED
 */
export async function writeReport(job: ReportJob): Promise<WrittenReport> {
  const { outDir, file, evaluation } = job;
  await assertReportReplaceable(file);
  const run = job.show(await openRun(outDir));
  const packed = await buildPack({ outDir, run, title: basename(outDir) });
  const pack = evaluation === undefined ? packed : { ...packed, facts: { ...packed.facts, evaluation } };
  const root = await findRunRoot(outDir, run, job.imagesRoot);
  const { decisions, boxes } = await readShown(outDir, run, root);
  const links = job.link && root !== undefined ? linksOf(pack, folderFrom(file, root)) : undefined;
  const counts = { embedded: 0, unreadable: 0 };
  let bytes = 0;
  const content = toGalleryFile({
    mode: 'report',
    pack,
    decisions,
    ...(links === undefined ? {} : { links }),
    ...(job.link || root === undefined
      ? {}
      : { embedded: embedThumbnails({ pack, run, root, signal: job.signal }, { maxBytes: job.maxBytes, counts }) }),
  });
  await replaceIfChanged(
    file,
    counted(content, (length) => (bytes += length)),
  );
  return {
    images: pack.facts.images.ids.length,
    boxes,
    stored: pack.boxes.scores.length,
    failures: pack.facts.failures.length,
    reviewed: decisions.filter(({ state }) => state === 'accepted').length,
    ...counts,
    bytes,
    linked: links?.filter((link) => link !== null).length ?? 0,
    notes: [...run.notes, ...notesOn(job, { run, root, links })],
  };
}

/** Decisions about the images as they are in the run, without who made them, and when; and how many boxes are shown. */
async function readShown(
  outDir: string,
  run: OpenedRun,
  root: string | undefined,
): Promise<{ decisions: Decision[]; boxes: number }> {
  const { journal, imageIds, ontology, sources, scope } = run;
  const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
  const review = await readCurrentReview(outDir, { ...journal, root, sources });
  const decisions: Decision[] = [];
  let boxes = 0;
  for await (const { name, detections } of new StoredImages(journal, imageIds, {
    ontology,
    selection,
    sources,
    review,
  })) {
    boxes += detections.length;
    const decision = review?.decisions.get(name);
    if (decision !== undefined) decisions.push({ ...decision, author: '', at: '' });
  }
  return { decisions, boxes };
}

function linksOf({ facts }: GalleryPack, folder: string | undefined): (string | null)[] {
  return facts.images.names.map((name) => (folder === undefined ? null : toLink(`${folder}/${name}`)));
}

interface Pictured {
  readonly pack: GalleryPack;
  readonly run: OpenedRun;
  readonly root: string;
  readonly signal: AbortSignal | undefined;
}

function embedThumbnails(
  pictured: Pictured,
  { maxBytes, counts }: { maxBytes: number; counts: { embedded: number; unreadable: number } },
): NonNullable<GalleryFile['embedded']> {
  return {
    thumbnails: thumbnailsOf(pictured, () => counts.unreadable++),
    maxBytes,
    onEmbedded: () => counts.embedded++,
  };
}

/** Thumbnails of all images, the most uncertain first. */
async function* thumbnailsOf(
  { pack, run, root, signal }: Pictured,
  onUnreadable: () => void,
): AsyncGenerator<readonly [id: number, webp: Uint8Array]> {
  const { ids, names } = pack.facts.images;
  const { max_bytes: maxBytes, max_pixels: maxPixels } = run.journal.header.options;
  const thumbnailPx = ids.length <= LARGE_UP_TO ? LARGE_PX : SMALL_PX;
  await using thumbnails = new Thumbnails();
  const made = mapInOrder(uncertainFirst(pack), 2 * thumbnails.atOnce, async (image) => {
    const request = { source: join(root, names[image]!), limits: { maxBytes, maxPixels }, thumbnailPx };
    return { id: ids[image]!, webp: await thumbnails.make(request, signal) };
  });
  for await (const { id, webp } of made) {
    if (webp === undefined) onUnreadable();
    else yield [id, webp];
  }
}

async function* counted(parts: AsyncIterable<string>, onBytes: (length: number) => void): AsyncGenerator<string> {
  for await (const part of parts) {
    onBytes(Buffer.byteLength(part));
    yield part;
  }
}

function notesOn(
  { link, outDir }: ReportJob,
  { run, root, links }: { run: OpenedRun; root: string | undefined; links: readonly (string | null)[] | undefined },
): string[] {
  const isRemote = run.scope.root === undefined;
  if (isRemote) return ['The images of this run are on the web or in S3: the report shows their boxes without them.'];
  if (root === undefined) {
    return [
      `The images of ${printable(outDir)} were not found: the report shows boxes without them. Name the folder they ` +
        'are in now: --images-root <folder>.',
    ];
  }
  const isElsewhere = link && links?.includes(null) === true;
  return isElsewhere ? ['The images are on another drive than the report, which cannot link to them.'] : [];
}
