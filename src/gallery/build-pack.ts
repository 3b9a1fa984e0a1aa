import { join, sep } from 'node:path';
import { readStoredSelection, resolveSelection } from '../config/selection.js';
import { BoxRows } from '../core/gallery/box-rows.js';
import { ColumnsBuilder, MAX_BOXES } from '../core/gallery/columns-builder.js';
import {
  SCORE_STEPS,
  toDigest,
  type GalleryFacts,
  type GalleryFailure,
  type GalleryPack,
} from '../core/gallery/pack.js';
import { PreannotateError } from '../core/errors.js';
import type { Selection } from '../core/select.js';
import { compareUtf8, printable } from '../core/text.js';
import { readLineBytes } from '../disk/lines.js';
import type { JournalEntries } from '../run/entries/entry-table.js';
import { BoxReader } from '../run/entries/read-boxes.js';
import { groupNear } from '../run/duplicates/near-groups.js';
import { ImageContents } from '../run/duplicates/image-contents.js';
import { readErrors } from '../run/error-log.js';
import { expectedRoot } from '../run/image-root.js';
import type { OpenedRun } from '../run/open-run.js';
import { divideNames } from '../run/plan/sources.js';
import { RecordReader } from '../run/record.js';

/** What the pages of `review` and `report` show of a run. */
interface Packed {
  readonly outDir: string; // absolute
  readonly run: OpenedRun;
  readonly title: string; // of the page
  readonly hasDigests?: boolean; // so that decisions can be compared with the bytes they are about
  readonly maxBoxes?: number;
}

/**
 * Makes the pack of a run. Where there are more boxes than a browser can hold, those with the lowest scores are left
 * out, so that all that is shown with higher thresholds stays exact.
 *
 * @throws PreannotateError JOURNAL_DAMAGED
 */
export async function buildPack({
  outDir,
  run,
  title,
  hasDigests,
  maxBoxes = MAX_BOXES,
}: Packed): Promise<GalleryPack> {
  const { journal, sources, scope, ontology } = run;
  const names = divideNames(journal.entries, sources)[0];
  const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
  const { facts, boxes } = await packImages(run, { title, names, selection, hasDigests, maxBoxes });
  const described = describeRun(run, boxes.scores.length);
  return { facts: { ...facts, run: described, failures: await readFailures(outDir, run) }, boxes };
}

/** The results of a run, which may still be going on. */
export interface PackedResults extends Pick<OpenedRun, 'ontology' | 'imageIds'> {
  readonly journal: Pick<OpenedRun['journal'], 'path' | 'header' | 'lines'> & { readonly entries: JournalEntries };
}

/** Which images a pack has, and of which thresholds. */
interface PackedImages {
  readonly title: string;
  readonly names: readonly string[];
  readonly selection: Selection;
  readonly hasDigests?: boolean | undefined;
  readonly maxBoxes?: number;
}

/** Makes the pack of some images, without what happened to the others. @throws PreannotateError JOURNAL_DAMAGED */
export async function packImages(
  run: PackedResults,
  { title, names, selection, hasDigests = false, maxBoxes = MAX_BOXES }: PackedImages,
): Promise<GalleryPack> {
  const { ontology, imageIds, journal } = run;
  const { boxes, floor, images, digests, contents } = await readImages(run, { names, limit: maxBoxes });
  const { thresholds, ...shown } = selection;
  const { score_floor: stored } = journal.header.options;
  const facts: GalleryFacts = {
    title,
    run: describeModel(run),
    classes: ontology.classes.map(({ name }, i) => ({ name, threshold: thresholds[i]! })),
    prompts: ontology.queries.map(({ prompt: text, classId }) => ({ text, class: classId })),
    selection: shown,
    scoreFloor: floor < 0 ? stored : Math.max(stored, floor / SCORE_STEPS),
    images: {
      ids: contents.names.map((name) => imageIds.of(name)),
      names: contents.names,
      ...images,
      groups: await numberGroups(contents),
      ...(hasDigests ? { digests } : {}),
    },
    failures: [],
  };
  return { facts, boxes };
}

interface ReadImages extends Pick<GalleryPack, 'boxes'> {
  readonly floor: number; // in steps; -1: nothing was left out
  readonly images: Pick<GalleryFacts['images'], 'widths' | 'heights' | 'degraded'>;
  readonly digests: readonly string[]; // in the order of the images' names, as are the contents
  readonly contents: ImageContents;
}

/** Reads the journal once, in its own order. */
async function readImages(
  { journal, ontology }: PackedResults,
  { names: listed, limit }: { readonly names: readonly string[]; readonly limit: number },
): Promise<ReadImages> {
  const { path } = journal;
  const names = [...listed].sort(compareUtf8);
  const indexes = indexByLine(names, journal);
  const contents = new ImageContents(names);
  const [widths, heights] = [new Array<number>(names.length).fill(0), new Array<number>(names.length).fill(0)];
  const degraded: number[] = [];
  const digests = new Array<string>(names.length).fill('');
  const table = new ColumnsBuilder({
    images: names.length,
    classOf: ontology.queries.map(({ classId }) => classId),
    limit,
  });
  const records = new RecordReader(ontology);
  const reader = new BoxReader((image, box) => records.detectionsOf({ image, detections: [box] })[0]!.queryId);
  const rows = new BoxRows();
  let seen = 0;
  for await (const batch of readLineBytes(path)) {
    for (const { content, number } of batch) {
      const index = (indexes[number] ?? 0) - 1; // of a run that goes on, later lines are left out
      if (index < 0) continue;
      const image = reader.read(content, rows);
      if (image === undefined || image.image !== names[index]) throw changedError(path, number);
      table.addImage(index, rows);
      contents.set(index, { sha256: image.sha256, phash: image.phash });
      digests[index] = toDigest(image.sha256);
      widths[index] = image.width;
      heights[index] = image.height;
      if (image.degraded !== undefined) degraded.push(index);
      seen++;
    }
  }
  if (seen < names.length) throw changedError(path, journal.lines);
  const boxes = table.finish();
  degraded.sort((a, b) => a - b);
  return { boxes, floor: table.floor, images: { widths, heights, degraded }, digests, contents };
}

/** By line of the journal, the place of its image among the names, from 1; 0 for others. */
function indexByLine(names: readonly string[], { lines, entries }: PackedResults['journal']): Int32Array {
  const indexes = new Int32Array(lines + 1);
  names.forEach((name, index) => (indexes[entries.get(name)!.line] = index + 1));
  return indexes;
}

/** Numbers groups of images that look alike by their first images, from 1; an image like no other has 0. */
async function numberGroups(contents: ImageContents): Promise<number[]> {
  const { of } = await groupNear(contents);
  const sizes = new Uint32Array(of.length);
  for (const group of of) sizes[group]!++;
  const numbers = new Map<number, number>();
  return Array.from(of, (group) => {
    if (sizes[group]! < 2) return 0;
    const number = numbers.get(group) ?? numbers.size + 1;
    numbers.set(group, number);
    return number;
  });
}

/** What a reader of the page wants to know of a run, and nothing about the machine that made it. */
function describeRun(run: OpenedRun, boxes: number): GalleryFacts['run'] {
  const { journal, scope, manifest } = run;
  const counts = manifest?.counts;
  return [
    ...describeModel(run),
    ['Images found', String(scope.found)],
    ['Images annotated', String(counts?.annotated ?? journal.entries.size)],
    ...(counts === undefined ? [] : ([['Images failed', String(counts.failed)]] as const)),
    ['Stored boxes', String(boxes)],
    ['Thresholds', describeThresholds(run)],
    ['Status', manifest?.status ?? 'interrupted'],
  ];
}

/** Where the thresholds of the run come from. */
function describeThresholds({ scope, ontology }: OpenedRun): string {
  const { scoreThreshold, overridesOntology } = readStoredSelection(scope.selection);
  if (overridesOntology) return `${scoreThreshold} for classes without their own`;
  const common = ontology.threshold === undefined ? String(scoreThreshold) : `${ontology.threshold} by the ontology`;
  const own = ontology.classes.filter(({ threshold }) => threshold !== undefined).length;
  return own === 0 ? common : `${common}; ${own} of ${ontology.classes.length} classes have their own`;
}

/** What found the boxes. */
function describeModel({ journal, ontology }: PackedResults): GalleryFacts['run'] {
  const { model, preannotate, options } = journal.header;
  const { image_size: size, tiles, precision = 'fp32', fit } = options;
  return [
    ['Model', baseNameOf(model.reference)],
    ['Model SHA-256', model.sha256],
    ['preannotate', preannotate],
    ['Precision', precision],
    ['Image size', size === 'native' ? 'native' : `${size[1]} x ${size[0]}`],
    ...(fit === undefined ? [] : ([['Fit', fit]] as const)),
    ...(tiles === undefined ? [] : ([['Tiles', `${tiles.size[1]} x ${tiles.size[0]}`]] as const)),
    ['Score floor', String(options.score_floor)],
    ['Classes', String(ontology.classes.length)],
    ['Prompts', String(ontology.queries.length)],
  ];
}

/** A model's reference can be a path. */
function baseNameOf(reference: string): string {
  const isPath = /^([./~\\]|[A-Za-z]:[\\/])/.test(reference);
  return isPath ? (reference.split(/[\\/]/).filter(Boolean).at(-1) ?? reference) : reference;
}

async function readFailures(outDir: string, { scope, imageIds }: OpenedRun): Promise<GalleryFailure[]> {
  const { root, root_absolute: before } = scope;
  const folders = [outDir, before, root === undefined ? undefined : expectedRoot(outDir, { ...scope, root })];
  const prefixes = folders.flatMap((folder) => (folder === undefined ? [] : [join(folder, sep)]));
  prefixes.sort((a, b) => b.length - a.length);
  const failures = (await readErrors(outDir)).map(({ image: name, code, message }) => ({
    id: imageIds.find(name),
    name,
    code,
    message: prefixes.reduce((text, prefix) => text.replaceAll(prefix, ''), message),
  }));
  return failures.sort((a, b) => compareUtf8(a.name, b.name));
}

function changedError(path: string, line: number): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)}:${line}: the file was changed while it was read.`,
    hint: 'Start the command again, when nothing else writes into the folder.',
  });
}
