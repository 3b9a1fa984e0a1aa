import { signal } from '@preact/signals';
import type { GalleryPack } from '../../../core/gallery/pack.js';
import type { Decision } from '../../../core/review/decision.js';
import type { Backend } from '../backend.js';
import { followAddress } from './address.js';
import { isConnected, saveAgain, showDecision, showReplaced, showRun, showSaved, unsavedCount } from './decisions.js';
import { followView } from './selection.js';
import { backend, pack } from './state.js';

/** Why the run cannot be shown. */
export const loadError = signal<string | undefined>(undefined);

/** Why the server, which answers, does not let this page in. */
export const refusal = signal<string | undefined>(undefined);

/** Loads the run, and keeps it up to date with what other tabs and runs change. */
export async function openGallery(from: Backend): Promise<void> {
  backend.value = from;
  void from.whole?.then((whole) => (backend.value = whole));
  const decided = await load();
  if (decided === undefined) return;
  followAddress();
  followView();
  addEventListener('beforeunload', warnOfUnsaved);
  let isFirst = true;
  from.review?.subscribe({
    after: decided.reduce((most, { revision }) => Math.max(most, revision), 0),
    onDecision: showDecision,
    onMissed: () => void review()?.decisions().then(showSaved, disconnected),
    onRun: () => void load(),
    onState: (isOpen, reason) => {
      isConnected.value = isOpen;
      refusal.value = reason;
      if (isOpen && !isFirst) void refresh().catch(disconnected);
      if (isOpen) isFirst = false;
    },
  });
}

function review() {
  return backend.value?.review;
}

function disconnected(): void {
  isConnected.value = false;
}

let loads = 0;

/** @returns What is decided; undefined where it cannot be shown, or the run is another one already. */
async function load(): Promise<readonly Decision[] | undefined> {
  const own = ++loads;
  try {
    const [loaded, decided] = await Promise.all([backend.value!.load(), review()?.decisions() ?? []]);
    if (own !== loads) return undefined;
    show(loaded, decided);
    return decided;
  } catch (error) {
    loadError.value = error instanceof Error ? error.message : String(error);
    return undefined;
  }
}

/** The server answers again: it may be another one, which can save or only read, with what a run has made meanwhile. */
async function refresh(): Promise<void> {
  const own = ++loads;
  const { backend: now, pack } = (await review()?.refresh()) ?? {};
  const decided = pack === undefined ? undefined : await review()?.decisions();
  if (own !== loads) return;
  if (now !== undefined) backend.value = now;
  if (pack !== undefined) show(pack, decided ?? []);
  saveAgain();
}

function show(loaded: GalleryPack, decided: readonly Decision[]): void {
  showRun(loaded, decided);
  void findReplaced(loaded);
  document.title = `${loaded.facts.title} – preannotate`;
}

/** Files are looked at once the page is shown: of many, this takes a while. */
async function findReplaced(loaded: GalleryPack): Promise<void> {
  const ids = new Set(
    await review()
      ?.replaced?.()
      .catch(() => []),
  );
  if (pack.value !== loaded || ids.size === 0) return;
  showReplaced([...loaded.facts.images.ids.keys()].filter((index) => ids.has(loaded.facts.images.ids[index]!)));
}

function warnOfUnsaved(event: BeforeUnloadEvent): void {
  if (unsavedCount.value > 0) event.preventDefault();
}
