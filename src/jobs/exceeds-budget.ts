import { countChosen } from '../run/choose-images.js';
import type { RunManifest } from '../run/manifest.js';
import { allowedFailures, type ErrorBudget } from '../run/mass-failure.js';

/** Whether more images of a run failed than it may have. */
export function exceedsBudget(budget: ErrorBudget, { counts, choice = {}, part }: RunManifest): boolean {
  return counts.failed > allowedFailures(budget, part?.chosen ?? countChosen(counts.found, choice));
}
