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
  const { journal, list } = earlier;
  const { entries } = journal;
  const foundNames = new Set(found.images.map(({ name }) => name));
  const notFound = [...entries.keys()].filter((name) => !foundNames.has(name));
  const covered = found.selectCovered(notFound);
  const annotated = found.chosen.map(({ name }) => name).filter((name) => entries.has(name));
  const states = new Map<string, FileState>();
  const files = { root: found.root ?? '', names: annotated, journal, sources: list.sources };
  const compared = found.root === undefined ? compareListed(found.chosen, entries) : compareFiles(files, signal);
  for await (const { name, state } of compared) if (state !== undefined) states.set(name, state);
  const lookedAt = found.chosen === found.images ? foundNames : new Set(annotated);
  const changed = annotated.filter((name) => states.get(name)?.state === 'changed');
  assertSameImages(found, earlier, { annotated: annotated.length, changed: changed.length });

  const isNewlyGone = (name: string) => covered.has(name) && list.sources.get(name)?.state !== 'gone';
  const leaving = rule === 'keep' ? [] : notFound.filter(isNewlyGone).sort(compareUtf8);
  const before = entries.size - countSources(list.sources, 'gone');
  const areSpared = rule === 'few' && !mayGoUnasked(leaving.length, before);
  const [gone, spared] = areSpared ? [[], leaving] : [leaving, []];
  const missing = areSpared ? new Set([...covered].filter((name) => !isNewlyGone(name))) : covered;
  if (rule === 'ask') assertMayGo(gone, { annotated: before, root: found.root, journal: journal.path });
  const sources = new Map<string, Source>();
  for (const name of entries.keys()) {
    const source = toSource(name, { states, lookedAt, foundNames, missing, rule, before: list.sources });
    if (source !== undefined) sources.set(name, source);
  }
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
    kept: [...sources]
      .filter(([, { state }]) => state === 'kept')
      .map(([name]) => name)
      .sort(compareUtf8),
    sources,
  };
}

function planFirstRun(images: readonly ImageFile[]): Plan {
  return { pending: images, finished: 0, others: 0, changed: [], gone: [], spared: [], kept: [], sources: new Map() };
}

/** What is recorded of a file. @param at.states - Of the images that were looked at and have changed. */
function toSource(
  name: string,
  at: {
    states: ReadonlyMap<string, FileState>;
    lookedAt: ReadonlySet<string>;
    foundNames: ReadonlySet<string>;
    missing: ReadonlySet<string>;
    rule: MissingRule;
    before: Sources;
  },
): Source | undefined {
  if (at.missing.has(name)) return { state: at.rule === 'keep' ? 'kept' : 'gone' };
  const before = at.before.get(name);
  const isBack = at.foundNames.has(name) && (before?.state === 'gone' || before?.state === 'kept');
  if (!at.lookedAt.has(name)) return isBack ? undefined : before; // it was not looked for, or not chosen
  const state = at.states.get(name);
  // Whether it has changed is not known: it is as it was.
  if (state?.state === 'unreadable') return before?.state === 'changed' ? before : undefined;
  return state;
}
