import { quoteForShell } from '../../../core/text.js';
import type { ImportReport } from '../../../data-set/review/import-review.js';
import { displayPath } from '../../../disk/display-path.js';
import type { Loaded } from '../../../config/load.js';
import type { ReviewConfig } from '../../../config/schema.js';
import { createProgress } from '../../create-progress.js';
import { printJson } from '../../output.js';
import { readRenamings } from '../evaluation/renaming.js';
import type { ShowRun } from '../../../run/open-run.js';
import { withShownSelection } from '../../../jobs/shown-selection.js';
import { takeOverRuleOf } from '../../../jobs/take-over-rule.js';
import { formatImport, importToJson, notesOn } from './format-import.js';

interface ImportCall {
  readonly outDir: string; // absolute, as is the next
  readonly path: string; // of the data set
  readonly author: string;
  readonly stop: AbortSignal;
}

/** Takes a data set over into the review of a run. */
export async function importLabels(
  { outDir, path, author, stop }: ImportCall,
  loaded: Loaded<typeof ReviewConfig>,
): Promise<void> {
  const { settings } = loaded;
  const { importReview } = await import('../../../data-set/review/import-review.js');
  const { importFormat: format, imagesRoot, map, unknownClasses, overwriteReviewed: overwrite, json, quiet } = settings;
  const progress = createProgress(settings);
  const renamed = readRenamings(map, 'the class that is imported');
  const source = { outDir, path, format, imagesRoot, renamed, dropUnknown: unknownClasses === 'drop' };
  const show: ShowRun = (run) => withShownSelection(run, loaded);
  const job = { ...source, author, overwrite, takeOver: takeOverRuleOf(loaded), signal: stop, show };
  const report = await importReview(job, (message) => progress.note(message));
  for (const note of notesOn(report)) progress.note(note);
  if (json) printJson(importToJson(report));
  else if (!quiet) process.stdout.write(formatImport(report));
  if (hasChanges(report)) {
    progress.note(`\`preannotate export ${quoteForShell(displayPath(outDir))}\` writes it into the annotation files.`);
  }
}

function hasChanges({ images }: ImportReport): boolean {
  return images.accepted.length + images.replaced.length > 0;
}
