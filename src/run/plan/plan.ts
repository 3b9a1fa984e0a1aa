import type { ImageFile } from '../../core/image.js';
import { compareUtf8 } from '../../core/text.js';
import type { EarlierWork, FoundImages } from './earlier-work.js';
import { compareFiles, compareListed, type FileState } from './file-states.js';
import { assertMayGo, assertSameImages, mayGoUnasked, type MissingRule } from './missing.js';
import { countSources, divideNames, type Source, type Sources } from './sources.js';

/** Which of the found images are left to annotate, and which annotated ones the views have. */
export interface Plan {
  readonly pending: readonly ImageFile[];
  readonly finished: number; // found, and already in the journal
  readonly others: number; // in the views, and not found: they were not looked for, or are kept
  readonly changed: readonly string[]; // pending, because their files have changed
  readonly gone: readonly string[]; // leave the views now
  readonly spared: readonly string[]; // gone as well, and too many: nothing is recorded of them
  readonly kept: readonly string[]; // gone, and kept in the views
  readonly sources: Sources; // to be recorded
}

/**
 * Leaves out the images that are in the journal, and finds those whose files have changed or are gone.
 *
 * @param earlier - Undefined for a first run.
 * @param rule - What to do about images that are gone.
 * @param signal - Ends it with its reason.
 * @throws PreannotateError RESUME_MISMATCH when the images are others, or too many are gone.
 */
export async function planRun(
  found: FoundImages,
  earlier: EarlierWork | undefined,
  { rule, signal }: { rule: MissingRule; signal?: AbortSignal | undefined },
): Promise<Plan> {
  if (earlier === undefined) return planFirstRun(found.chosen);
  const { entries } = earlier.journal;
  const before = earlier.list.sources;
  const foundNames = new Set(found.images.map(({ name }) => name));
  const notFound = [...entries.keys()].filter((name) => !foundNames.has(name));
  const covered = found.selectCovered(notFound);
  const annotated = found.chosen.map(({ name }) => name).filter((name) => entries.has(name));
  const states = await compareAnnotated(found, earlier, { annotated, signal });
  const lookedAt = found.chosen === found.images ? foundNames : new Set(annotated);
  const changed = annotated.filter((name) => states.get(name)?.state === 'changed');
  assertSameImages(found, earlier, { annotated: annotated.length, changed: changed.length });

  const { gone, spared, missing } = divideMissing(
    notFound.filter((name) => covered.has(name)),
    earlier,
    rule,
  );
  if (rule === 'ask')
    assertMayGo(gone, { annotated: countPresent(earlier), root: found.root, journal: earlier.journal.path });
  const sources = toSources(entries.keys(), { states, lookedAt, foundNames, missing, rule, before });
  const isPending = (name: string) =>
    !entries.has(name) || ['changed', 'unreadable'].includes(states.get(name)?.state ?? '');
  const pending = found.chosen.filter(({ name }) => isPending(name));
  return {
    pending,
    finished: found.chosen.length - pending.length,
    others: divideNames(entries, sources)[0].filter((name) => !foundNames.has(name)).length,
    changed: changed.sort(compareUtf8),
    gone,
    spared,
    kept: listKept(sources),
    sources,
  };
}

/** How the files of annotated images differ from what was annotated; those that do not are left out. */
async function compareAnnotated(
  { root, chosen }: FoundImages,
  { journal, list }: EarlierWork,
  { annotated, signal }: { annotated: readonly string[]; signal: AbortSignal | undefined },
): Promise<Map<string, NonNullable<FileState>>> {
  const states = new Map<string, NonNullable<FileState>>();
  const compared =
    root === undefined
      ? compareListed(chosen, journal.entries)
      : compareFiles({ root, names: annotated, journal, sources: list.sources }, signal);
  for await (const { name, state } of compared) if (state !== undefined) states.set(name, state);
  return states;
}

/** Annotated images that were there after the last run. */
function countPresent({ journal, list }: EarlierWork): number {
  return journal.entries.size - countSources(list.sources, 'gone');
}

/**
 * Which of the annotated images that were looked for and not found leave the views now.
 *
 * @returns `missing`: those of which that is recorded, also since an earlier run.
 */
function divideMissing(
  names: readonly string[],
  earlier: EarlierWork,
  rule: MissingRule,
): Pick<Plan, 'gone' | 'spared'> & { missing: ReadonlySet<string> } {
  const missing = new Set(names);
  if (rule === 'keep') return { gone: [], spared: [], missing };
  const wereGone = new Set(names.filter((name) => earlier.list.sources.get(name)?.state === 'gone'));
  const leaving = names.filter((name) => !wereGone.has(name)).sort(compareUtf8);
  const areSpared = rule === 'few' && !mayGoUnasked(leaving.length, countPresent(earlier));
  return areSpared ? { gone: [], spared: leaving, missing: wereGone } : { gone: leaving, spared: [], missing };
}

function planFirstRun(images: readonly ImageFile[]): Plan {
  return { pending: images, finished: 0, others: 0, changed: [], gone: [], spared: [], kept: [], sources: new Map() };
}

function listKept(sources: Sources): string[] {
  const kept = [...sources].filter(([, { state }]) => state === 'kept');
  return kept.map(([name]) => name).sort(compareUtf8);
}

/** What is known of the files of annotated images. */
interface KnownFiles {
  readonly states: ReadonlyMap<string, FileState>; // of the images that were looked at and have changed
  readonly lookedAt: ReadonlySet<string>;
  readonly foundNames: ReadonlySet<string>;
  readonly missing: ReadonlySet<string>;
  readonly rule: MissingRule;
  readonly before: Sources;
}

function toSources(names: Iterable<string>, known: KnownFiles): Map<string, Source> {
  const sources = new Map<string, Source>();
  for (const name of names) {
    const source = toSource(name, known);
    if (source !== undefined) sources.set(name, source);
  }
  return sources;
}

/** What is recorded of a file. */
function toSource(name: string, at: KnownFiles): Source | undefined {
  if (at.missing.has(name)) return { state: at.rule === 'keep' ? 'kept' : 'gone' };
  const before = at.before.get(name);
  const isBack = at.foundNames.has(name) && (before?.state === 'gone' || before?.state === 'kept');
  if (!at.lookedAt.has(name)) return isBack ? undefined : before; // it was not looked for, or not chosen
  const state = at.states.get(name);
  // Whether it has changed is not known: it is as it was.
  if (state?.state === 'unreadable') return before?.state === 'changed' ? before : undefined;
  return state;
}
