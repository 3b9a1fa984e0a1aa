import { signal } from '@preact/signals';
import type { Backend } from '../backend.js';
import { followAddress } from './address.js';
import { isConnected, showDecision, showRun, showSaved, unsavedCount } from './decisions.js';
import { followView } from './selection.js';
import { backend } from './state.js';

/** Why the run cannot be shown. */
export const loadError = signal<string | undefined>(undefined);

/** Why the server, which answers, does not let this page in. */
export const refusal = signal<string | undefined>(undefined);

/** Loads the run, and keeps it up to date with what other tabs and runs change. */
export async function openGallery(from: Backend): Promise<void> {
  backend.value = from;
  void from.whole?.then((whole) => (backend.value = whole));
  if (!(await load(from))) return;
  followAddress();
  followView();
  addEventListener('beforeunload', warnOfUnsaved);
  from.review?.subscribe({
    onDecision: showDecision,
    onRun: () => void load(from),
    onState: (isOpen, reason) => {
      isConnected.value = isOpen;
      refusal.value = reason;
      if (isOpen) void from.review?.decisions().then(showSaved, () => (isConnected.value = false));
    },
  });
}

let loads = 0;

async function load(from: Backend): Promise<boolean> {
  const own = ++loads;
  try {
    const [loaded, decided] = await Promise.all([from.load(), from.review?.decisions() ?? []]);
    if (own !== loads) return false; // the run is another one already
    showRun(loaded, decided);
    document.title = `${loaded.facts.title} – preannotate`;
    return true;
  } catch (error) {
    loadError.value = error instanceof Error ? error.message : String(error);
    return false;
  }
}

function warnOfUnsaved(event: BeforeUnloadEvent): void {
  if (unsavedCount.value > 0) event.preventDefault();
}
