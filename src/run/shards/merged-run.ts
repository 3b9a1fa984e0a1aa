import type { ViewCounts } from '../images/counted-images.js';
import { expectedRoot, toStoredRoot } from '../image-root.js';
import type { ClassIds, JournalHeader, RunScope } from '../header.js';
import { RunManifest, toMissingCounts, type MissingFiles } from '../manifest.js';
import { countImages, divideNames, type Sources } from '../plan/sources.js';
import type { JournalEntries } from '../entries/entry-table.js';
import { pickViewOptions, type StoredViewOptions } from '../view-options.js';
import type { Part } from './read-part.js';

/** What a merged run is made of. */
export interface MergedRun {
  readonly version: string; // of preannotate
  readonly outDir: string;
  readonly root: string | undefined; // of the images, absolute; undefined for remote ones
  readonly parts: readonly Part[];
  readonly found: ReadonlySet<string>; // names
  readonly entries: JournalEntries;
  readonly sources: Sources;
  readonly failed: number;
  readonly header: JournalHeader; // of its journal
  readonly started: Date;
}

/** The first line of the journal of a merged run: that of a run that had begun when the first part did. */
export function toMergedHeader(
  parts: readonly Part[],
  { outDir, root, found, classes }: { outDir: string; root: string | undefined; found: number; classes: ClassIds },
): JournalHeader {
  const [{ header, manifest }] = parts as [Part];
  const { selection, formats } = manifest;
  const created = parts.map((part) => part.header.created).sort()[0]!;
  const run: RunScope & { classes: ClassIds } = {
    ...(root === undefined ? {} : toStoredRoot(outDir, root)),
    selection,
    formats,
    ...pickViewOptions(manifest),
    choice: choiceOf(parts),
    found,
    classes,
  };
  return { ...header, created, run };
}

/** What was chosen of the images, by all parts together. */
export function choiceOf([first]: readonly Part[]): NonNullable<RunScope['choice']> {
  const { shard: _, ...choice } = first!.manifest.choice ?? {};
  return choice;
}

/** What a merge wrote. */
interface WrittenViews extends StoredViewOptions, Pick<RunManifest, 'selection' | 'formats'> {
  readonly previews: number; // that the folder is to have
  readonly missing: MissingFiles;
  readonly counts: ViewCounts | undefined; // undefined until the views are written
}

/** The content of run.json, with the counts that a single run over the same images has. */
export function toMergedManifest(
  run: MergedRun,
  status: RunManifest['status'],
  { selection, formats, previews, missing, counts, ...views }: WrittenViews,
): RunManifest {
  const { version, outDir, root, parts, header, started } = run;
  const [{ manifest }] = parts as [Part];
  return {
    preannotate: version,
    status,
    created: header.created,
    started: started.toISOString(),
    ...(status === 'running' ? {} : { finished: new Date().toISOString() }),
    ...(root === undefined ? {} : toStoredRoot(outDir, root)),
    model: manifest.model,
    ontology: manifest.ontology,
    selection,
    formats,
    ...pickViewOptions(views),
    choice: choiceOf(parts),
    options: header.options,
    counts: toMergedCounts(run, { previews, missing, counts }),
    ...examplesOf(parts, outDir),
    ...(manifest.left_out === undefined ? {} : { left_out: manifest.left_out }),
    timings: { total_ms: Date.now() - started.getTime() },
  };
}

function toMergedCounts(
  { parts, found, entries, sources, failed }: MergedRun,
  { previews, missing, counts }: Pick<WrittenViews, 'previews' | 'missing' | 'counts'>,
): RunManifest['counts'] {
  const [{ manifest }] = parts as [Part];
  const { annotated, leftOut } = countImages(entries, sources);
  const others = divideNames(entries, sources)[0].filter((name) => !found.has(name)).length;
  return {
    found: found.size + others,
    annotated,
    resumed: 0,
    failed,
    skipped: manifest.counts.skipped,
    ...counts,
    ...(counts !== undefined && previews > 0 ? { previews: Math.min(previews, annotated) } : {}),
    ...leftOut,
    ...toMissingCounts(missing),
  };
}

/** Of the first part that had the model encode them; one without images of its own did not. */
function examplesOf(parts: readonly Part[], outDir: string): Pick<RunManifest, 'examples' | 'example_folder'> {
  const part = parts.find(({ manifest }) => manifest.examples !== undefined);
  if (part?.manifest.examples === undefined) return {};
  const folder = expectedRoot(part.folder, { root: part.manifest.example_folder ?? '.' });
  return { examples: part.manifest.examples, example_folder: toStoredRoot(outDir, folder).root };
}

/** Whether two states of run.json differ in nothing but when they were written. */
export function isSameManifest(before: RunManifest, now: RunManifest): boolean {
  const textOf = (manifest: RunManifest) => {
    // Keys are in the order of the schema then.
    const { started: _, finished: __, timings: ___, ...rest } = RunManifest.parse(manifest);
    return JSON.stringify(rest);
  };
  return textOf(before) === textOf(now);
}
