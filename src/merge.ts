import { problemsError } from './config/problems.js';
import { buildOntology, type Ontology } from './core/ontology.js';
import type { RunProgress } from './progress/run-progress.js';
import type { Extent } from './run/extent.js';
import type { JournalHeader } from './run/header.js';
import type { ViewCounts } from './run/images/counted-images.js';
import { expectedRoot, findImageRoot } from './run/image-root.js';
import { Journal } from './run/journal.js';
import { OutputLock } from './run/lock/output-lock.js';
import {
  beginManifest,
  endManifest,
  NONE_MISSING,
  readManifest,
  type MissingFiles,
  type RunManifest,
} from './run/manifest.js';
import { toStoredViewOptions } from './run/view-options.js';
import { assertClassesKept, withClasses } from './run/numbers/classes.js';
import { ImageIds } from './run/numbers/image-ids.js';
import { ReviewJournal } from './run/review/review-journal.js';
import { assertOwnFilesReplaceable } from './run/own-files.js';
import { saveSources } from './run/plan/sources.js';
import { chooseParts, findUnfinished } from './run/shards/choose-parts.js';
import { assertNoPart, findGivenParts } from './run/shards/find-given.js';
import { addResults, findNames, findNewResults, joinSources, noteNotFound } from './run/shards/join-parts.js';
import { findNewDecisions, noteSuperseded } from './run/shards/join-reviews.js';
import { choiceOf, isSameManifest, toMergedHeader, toMergedManifest, type MergedRun } from './run/shards/merged-run.js';
import { hasErrors, joinErrors, replaceErrors } from './run/shards/part-errors.js';
import { readPart, type Part, type UnusablePart } from './run/shards/read-part.js';
import { entriesAfter, findOtherJob, readWholeRun, type WholeRun } from './run/shards/whole-run.js';
import { assertViewsReplaceable, withPresentViews, type ViewChoice } from './views/view-choice.js';
import { writeViewsAgain, type ExportTarget } from './views/export-views.js';

/** Parts of a run, and where the whole run goes. */
export interface MergeTarget extends ExportTarget {
  readonly folders: readonly string[]; // absolute: parts, or output folders that have parts
  readonly version: string; // of preannotate
}

/** The run that the parts are of, as far as it decides what is written. */
interface SharedRun {
  readonly scope: RunManifest;
  readonly ontology: Ontology;
  readonly header: JournalHeader;
  readonly previews: number; // of the first images by name
}

/** What is written, and how run.json has it. */
interface MergeChoice extends ViewChoice {
  readonly stored: RunManifest['selection'];
}

/** What a merge has done. */
export interface Merged<Choice> {
  readonly parts: number;
  readonly extent: Extent;
  readonly counts: ViewCounts;
  readonly choice: Choice;
  readonly missing: MissingFiles;
}

/**
 * Joins the parts of a run that machines have shared into one output folder, and writes its views: those of a single
 * run over the same images. The folders of the parts are only read.
 *
 * @param choose - Decides what to write, given what the parts are.
 * @throws PreannotateError PARTS_UNUSABLE naming everything that is missing, unfinished, damaged or of another run
 * @throws PreannotateError USAGE when the output folder is itself a part
 */
export async function mergeParts<Choice extends MergeChoice>(
  target: MergeTarget,
  choose: (run: SharedRun) => Choice,
  progress: RunProgress,
): Promise<Merged<Choice>> {
  const { outDir, imagesRoot, version, fetch } = target;
  const started = new Date();
  const folders = await findGivenParts(target.folders);
  await assertNoPart(outDir, folders);
  const note = (message: string) => progress.note(message);
  await using lock = await OutputLock.take(outDir, { takeOver: target.takeOver, note });
  const given = await readGiven(folders, target, note);
  const { parts, found, whole } = given;

  // Everything that could be refused, before the first write.
  const shared = describeRun(parts);
  const choice = await withPresentViews(outDir, choose(shared));
  const root = await findRoot(parts, imagesRoot);
  await assertViewsReplaceable({ ...choice, outDir, ontology: shared.ontology }, root);
  await assertOwnFilesReplaceable(outDir);
  assertClassesKept(whole.classes, shared.ontology.classes);
  const joined = await joinResults(given, outDir);
  await using review = await ReviewJournal.open(outDir);
  const decided = joinDecisions(parts, review);
  [...whole.classes.notes, ...joined.notes, ...decided.notes].forEach(note);

  await lock.assertHeld();
  await joined.imageIds.save(outDir);
  await saveSources(whole.sources, joined.sources);
  await using journal = await beginJournal(given, { outDir, root, ontology: shared.ontology });
  const merged = { ...joined, version, outDir, root, parts, found, header: journal.header, started };
  return await withManifest({ ...merged, lock }, choice, async () => {
    await addResults(journal, joined.results, { ...joined, throwIfStopped: () => lock.assertHeldSinceHeartbeat() });
    await journal.sync();
    if (!joined.isErrorsSame) await replaceErrors(outDir, joined.errors);
    await Promise.all(decided.steps.map((step) => review.append(step)));
    return await writeViewsAgain({ outDir, imagesRoot, lock, fetch, version }, () => choice, progress);
  });
}

/** What a merge reads: the parts, the names of all their images, and what is in the output folder. */
interface Given {
  readonly parts: readonly Part[];
  readonly found: ReadonlySet<string>;
  readonly whole: WholeRun;
}

/** @throws PreannotateError PARTS_UNUSABLE */
async function readGiven(
  folders: readonly string[],
  target: MergeTarget,
  note: (message: string) => void,
): Promise<Given> {
  const parts = await requireParts(folders, target, note);
  const found = await findNames(parts);
  const unfinished = findUnfinished(parts, found);
  if (unfinished.length > 0) throw problemsError('PARTS_UNUSABLE', unfinished);
  const whole = await readWholeRun(target.outDir);
  const other = findOtherJob(whole, parts[0]!);
  if (other !== undefined) throw problemsError('PARTS_UNUSABLE', [other]);
  return { parts, found, whole };
}

/** What the output folder is to have of its images. */
async function joinResults({ parts, found, whole }: Given, outDir: string) {
  const results = findNewResults(parts, whole.journal);
  const entries = entriesAfter(whole, results);
  const imageIds = ImageIds.from({
    list: whole.list,
    journal: whole.journal,
    found: [...new Set([...found, ...entries.keys()])],
    isPublished: whole.classes.isPublished,
    wasFinished: whole.manifest?.status === 'done',
    restarts: false,
  });
  const sources = joinSources(parts, entries, whole.sources.sources);
  const errors = joinErrors(parts);
  const isErrorsSame = await hasErrors(outDir, errors);
  const hasNews = results.length > 0 || !isErrorsSame || whole.manifest?.status !== 'done';
  const notes = [...imageIds.notes, ...noteNotFound(parts, sources)];
  return { notes, results, entries, imageIds, sources, errors, failed: errors.length, isErrorsSame, hasNews };
}

function joinDecisions(parts: readonly Part[], { decisions }: ReviewJournal) {
  const steps = findNewDecisions(parts, decisions);
  return { steps, notes: steps.length === 0 ? [] : noteSuperseded(parts, decisions) };
}

async function beginJournal(
  { parts, found, whole }: Given,
  { outDir, root, ontology }: { outDir: string; root: string | undefined; ontology: Ontology },
): Promise<Journal> {
  const classes = withClasses(whole.classes, ontology.classes);
  const header = toMergedHeader(parts, { outDir, root, found: found.size, classes });
  return await Journal.begin(outDir, header, whole.journal);
}

/** @throws PreannotateError PARTS_UNUSABLE */
async function requireParts(
  folders: readonly string[],
  { outDir, imagesRoot, takeOver }: MergeTarget,
  note: (message: string) => void,
): Promise<readonly Part[]> {
  const read: (Part | UnusablePart)[] = [];
  for (const folder of folders) read.push(await readPart(folder, takeOver));
  const { parts, problems, notes } = await chooseParts(read, { outDir, hasRoot: imagesRoot !== undefined });
  if (problems.length > 0) throw problemsError('PARTS_UNUSABLE', problems);
  notes.forEach(note);
  return parts;
}

function describeRun(parts: readonly Part[]): SharedRun {
  const [{ manifest, header }] = parts as [Part];
  const previews = parts.map(({ scope }) => (scope.previews === true ? Infinity : scope.previews));
  return { scope: manifest, ontology: buildOntology(manifest.ontology), header, previews: Math.max(...previews) };
}

/** The folder of the images, which may be on another machine only; remote images have none. */
async function findRoot(parts: readonly Part[], given: string | undefined): Promise<string | undefined> {
  const [{ folder, manifest, journal, sources }] = [...parts].sort(
    (a, b) => b.journal.entries.size - a.journal.entries.size,
  ) as [Part];
  const { root, ...scope } = manifest;
  if (root === undefined) return undefined;
  const stored = { ...scope, root };
  return (
    (await findImageRoot({ outDir: folder, scope: stored, journal, sources, given })) ?? expectedRoot(folder, stored)
  );
}

/**
 * Does the work of a merge while run.json has its status. One that changes nothing leaves the file as it is.
 *
 * @param hasNews - There is more to write than views.
 */
async function withManifest<Choice extends MergeChoice>(
  { lock, hasNews, ...run }: MergedRun & { readonly lock: OutputLock; readonly hasNews: boolean },
  choice: Choice,
  work: () => Promise<Omit<Merged<Choice>, 'parts'>>,
): Promise<Merged<Choice>> {
  const { outDir } = run;
  const views = { selection: choice.stored, formats: [...choice.formats], ...toStoredViewOptions(choice) };
  const toManifest = (status: RunManifest['status'], written?: Omit<Merged<Choice>, 'parts'>) =>
    toMergedManifest(run, status, {
      ...views,
      previews: choice.previews,
      missing: written?.missing ?? NONE_MISSING,
      counts: written?.counts,
    });
  if (hasNews) await beginManifest(outDir, toManifest('running'));
  const written = await work().catch(async (error: unknown) => {
    // A second failure, such as the same full disk, would only hide the first.
    if (hasNews && (await lock.isHeld())) await endManifest(outDir, toManifest('interrupted')).catch(() => {});
    throw error;
  });
  await lock.assertHeld();
  const manifest = toManifest('done', written);
  const before = hasNews ? undefined : await readManifest(outDir);
  if (before === undefined || !isSameManifest(before, manifest)) await endManifest(outDir, manifest);
  return {
    ...written,
    parts: run.parts.length,
    extent: { ...written.extent, status: 'done', failed: run.failed, choice: choiceOf(run.parts) },
  };
}
