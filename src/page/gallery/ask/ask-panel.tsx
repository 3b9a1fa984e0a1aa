import { backend } from '../app/state.js';

/** Asks the model about all images. */
export function AskPanel() {
  const state = backend.value?.ask?.state;
  if (state === undefined || state.isReady) return null;
  return <p class="hint">{state.reason}</p>;
}
