import type { Loaded } from '../config/load.js';
import type { SelectionConfig } from '../config/schema.js';
import { changeSelection, readStoredSelection, toStoredSelection } from '../config/selection.js';
import type { OpenedRun } from '../run/open-run.js';
import { assertAboveFloor } from './choose-views.js';

/**
 * A run with the boxes that the options of a command select: what is set there counts instead of what the run has.
 *
 * @throws PreannotateError CONFIG_INVALID for a threshold below what the run stored
 */
export function withShownSelection(run: OpenedRun, options: Loaded<typeof SelectionConfig>): OpenedRun {
  const { scope, journal, ontology } = run;
  assertAboveFloor(options, journal.header.options.score_floor);
  const stated = changeSelection(readStoredSelection(scope.selection), options);
  return { ...run, scope: { ...scope, selection: toStoredSelection(stated, ontology) } };
}
