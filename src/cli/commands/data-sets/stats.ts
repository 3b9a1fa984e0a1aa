import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../../config/load.js';
import { StatisticsConfig } from '../../../config/schema.js';
import { camelOf } from '../../../config/flags.js';
import { selectionOptions } from '../../../config/options/selection.js';
import { PreannotateError } from '../../../core/errors.js';
import { printable } from '../../../core/text.js';
import { withShownSelection } from '../../../jobs/shown-selection.js';
import type { ShowRun } from '../../../run/open-run.js';
import { createProgress } from '../../create-progress.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { reviewToJson } from '../../figures/format-review.js';
import { printJson } from '../../output.js';

const EXAMPLES = `
Examples:
  preannotate stats annotations
  preannotate stats corrected --json
  preannotate stats corrected/instances.json

Of a run, the boxes are those above its thresholds; the table of thresholds is of all that its journal has.`;

const REFERENCE: Reference = { environment: ['options'] };

export function defineStats(command: Command): Command {
  command.action(async (path: string) => {
    const loaded = await loadCommand(command, StatisticsConfig);
    await printStatistics(path, loaded);
  });
  return addHelpNotes(addFlags(command, StatisticsConfig), EXAMPLES, REFERENCE);
}

/** What only this command needs is loaded here. */
async function printStatistics(path: string, loaded: Loaded<typeof StatisticsConfig>): Promise<void> {
  const { settings } = loaded;
  const { readStatistics } = await import('../../../statistics/read-statistics.js');
  const { dataSetFormat: format, imagesFolder, json } = settings;
  const imagesRoot = imagesFolder === undefined ? undefined : resolve(imagesFolder);
  await assertOptionsApply(path, loaded);
  const show: ShowRun = (run) => withShownSelection(run, loaded);
  const progress = createProgress(settings);
  const { statistics, notes, review, ...read } = await readStatistics(path, { format, imagesRoot, show });
  for (const note of notes) progress.note(note);
  if (json) printJson({ path, ...read, ...statistics, ...(review && { review: reviewToJson(review) }) });
  else if (!settings.quiet) {
    const { formatStatistics } = await import('../../figures/format-statistics.js');
    process.stdout.write(formatStatistics({ statistics, review, ...read }));
  }
}

/** The boxes of a data set are all counted. @throws PreannotateError CONFIG_INVALID for flags that choose among them */
async function assertOptionsApply(path: string, { settings, given, nameOf }: Loaded<typeof StatisticsConfig>) {
  const flag = Object.keys(selectionOptions).find((key) => given[camelOf(key) as keyof typeof given] === 'flag');
  if (flag === undefined) return;
  const { openProbe, recogniseFormat } = await import('../../../data-set/open.js');
  const format = settings.dataSetFormat ?? (await recogniseFormat(await openProbe(resolve(path))));
  if (format === 'run') return;
  throw new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `${nameOf(flag)} chooses among the boxes of a run; of the data set ${printable(path)}, all are counted.`,
    hint: 'Leave the option out, or give the output folder of a run.',
  });
}
