import { z } from 'zod';
import type { Goal } from '../../../evaluation/thresholds/choose-threshold.js';
import type { SecondsPerBox } from '../../../core/review/seconds.js';
import * as value from '../values.js';

const GOAL = /^(f1|least-work|(precision|recall)\s*=\s*(0?\.\d+|0|1|1\.0*))$/;

/** What thresholds are chosen for. */
export const tuneOptions = {
  for: z
    .string()
    .regex(GOAL, { error: 'must be f1, least-work, precision=<share> or recall=<share>, such as precision=0.9' })
    .default('f1')
    .describe(
      'What thresholds are chosen for: f1; precision=0.9 (the most recall with that precision); recall=0.9 (the most ' +
        'precision with that recall); least-work (by --seconds)',
    )
    .meta({ flag: { group: 'boxes', basic: true, placeholder: 'goal', only: true } }),
  min_objects: value
    .wholeBetween(1, 1_000_000)
    .default(20)
    .describe('Keep the threshold of a class that has fewer objects than this in the corrected data set')
    .meta({ flag: { group: 'boxes', basic: true, placeholder: 'n', only: true } }),
  shared: value
    .toggle()
    .default(false)
    .describe(
      'Also choose one threshold for all classes that have too few objects and none of their own in the ontology, ' +
        'from all of these together',
    )
    .meta({ flag: { group: 'boxes', only: true } }),
  write: value
    .toggle()
    .default(false)
    .describe('Write the thresholds into the file of --ontology, and keep the old one as <file>.bak')
    .meta({ flag: { group: 'output', basic: true, only: true } }),
};

/** The goal that the text of `--for` states. */
export function readGoal(text: string, seconds: SecondsPerBox): Goal {
  const [, whole, kind, least] = GOAL.exec(text)!;
  if (kind === 'precision' || kind === 'recall') return { kind, least: Number(least) };
  return whole === 'f1' ? { kind: whole } : { kind: 'least-work', seconds };
}
