import type { Ontology } from '../core/ontology.js';
import type { Selection } from '../core/select.js';
import { excerpt } from '../core/text.js';
import { findPublished } from '../model/published/find-published.js';
import { BUILTIN } from '../model/source.js';

/** A threshold is far from the recommended one at half of it or less, and at twice it or more. */
const FAR = 2;

/** What the user asked to be found, with which model. */
interface Asked {
  readonly model: string; // reference
  readonly ontology: Ontology;
  readonly selection: Selection;
  readonly canExport: boolean; // with another threshold, later
}

/** Advice on settings that probably give worse boxes than the model can; none for the built-in model. */
export function adviseOn(asked: Asked): string[] {
  if (asked.model === BUILTIN.reference) return [];
  return [adviseOnThreshold(asked), adviseOnSinglePrompt(asked)].filter((note) => note !== undefined);
}

/** Ignores classes with a threshold of their own, and classes with examples, which score far higher. */
function adviseOnThreshold({ model, ontology, selection, canExport }: Asked): string | undefined {
  const published = findPublished(model);
  const common = ontology.classes.findIndex((one) => one.threshold === undefined && (one.examples ?? []).length === 0);
  if (published === undefined || common === -1) return undefined;
  const threshold = selection.thresholds[common]!;
  const recommended = published.settings.scoreThreshold;
  const isLow = threshold <= recommended / FAR;
  if (!isLow && threshold < recommended * FAR) return undefined;
  const effect = isLow
    ? 'at half of that or less, expect more wrong boxes'
    : 'at twice that or more, expect fewer boxes';
  return (
    `The score threshold is ${threshold}; for ${published.id}, ${recommended} is recommended: ${effect}. ` +
    `Change it with --score-threshold ${recommended}${canExport ? ', also later in an export' : ''}.`
  );
}

/** Only for a prompt: what looks like an example image has no name to put under `ignore`. */
function adviseOnSinglePrompt({ ontology: { queries } }: Asked): string | undefined {
  const [query, ...others] = queries;
  if (query === undefined || others.length > 0 || query.example !== undefined) return undefined;
  return (
    `"${excerpt(query.prompt, 40)}" is the only prompt, so nothing competes with it for boxes. ` +
    'Prompts for what looks similar, under `ignore` in an ontology file, give fewer wrong boxes.'
  );
}
