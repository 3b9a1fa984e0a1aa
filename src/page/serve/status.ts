import type { TimedAnswer } from './api.js';
import { byId, make } from '../shared/dom.js';
import { PageError } from '../shared/page-error.js';

const STAGES: Readonly<Record<string, string>> = {
  receive: 'receiving',
  fetch: 'fetching',
  encode: 'prompts',
  queue: 'waiting',
  decode: 'decoding',
  infer: 'model',
  post: 'selecting',
};

const status = byId('status', HTMLElement);
const timing = byId('timing', HTMLElement);
const problem = byId('problem', HTMLElement);
const cancel = byId('cancel', HTMLButtonElement);

/** Shows the status. Screen readers announce every change, so an unchanged text is not set again. */
export function showStatus(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

export function showTiming(stages: TimedAnswer['stages'], totalMs: number): void {
  const parts = stages
    .filter(({ name, ms }) => name !== 'total' && ms >= 0.05)
    .map(({ name, ms }) => `${STAGES[name] ?? name} ${formatDuration(ms)}`);
  timing.textContent = [`Answered in ${formatDuration(totalMs)}`, ...parts].join(' · ');
}

export function showBusy(isBusy: boolean): void {
  document.body.classList.toggle('busy', isBusy);
  byId('stage', HTMLElement).setAttribute('aria-busy', String(isBusy));
  cancel.hidden = !isBusy;
  if (isBusy) timing.textContent = '';
}

export function showError(error: unknown): void {
  showStatus('');
  const { title, details } =
    error instanceof PageError ? error : new PageError('Something went wrong', [String(error)]);
  problem.replaceChildren(make('strong', '', title), ...details.map((line) => make('p', '', line)));
  problem.hidden = false;
  problem.scrollIntoView({ block: 'nearest' }); // the button that was pressed may be far down the page
}

export function clearError(): void {
  problem.hidden = true;
  problem.replaceChildren();
}

function formatDuration(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
