import type { Timed } from './api.js';
import { byId, make } from './dom.js';
import { Problem } from './problems.js';

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

/** Says what is going on; screen readers read it out, but not what has been said already. */
export function say(text: string): void {
  if (status.textContent !== text) status.textContent = text;
}

export function sayTiming(stages: Timed['stages'], totalMs: number): void {
  const parts = stages
    .filter(({ name, ms }) => name !== 'total' && ms >= 0.05)
    .map(({ name, ms }) => `${STAGES[name] ?? name} ${shown(ms)}`);
  timing.textContent = [`Answered in ${shown(totalMs)}`, ...parts].join(' · ');
}

export function sayBusy(isBusy: boolean): void {
  document.body.classList.toggle('busy', isBusy);
  byId('stage', HTMLElement).setAttribute('aria-busy', String(isBusy));
  cancel.hidden = !isBusy;
  if (isBusy) timing.textContent = '';
}

export function sayProblem(error: unknown): void {
  say('');
  const { title, details } = error instanceof Problem ? error : new Problem('Something went wrong', [String(error)]);
  problem.replaceChildren(make('strong', '', title), ...details.map((line) => make('p', '', line)));
  problem.hidden = false;
  problem.scrollIntoView({ block: 'nearest' }); // the button that led here may be far down the page
}

export function clearProblem(): void {
  problem.hidden = true;
  problem.replaceChildren();
}

function shown(ms: number): string {
  return ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
