import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../../config/load.js';
import { EvalConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { replaceFile } from '../../../disk/atomic.js';
import { makeFolder } from '../../../disk/make-folder.js';
import type { Stats } from '../../../evaluation/figures.js';
import type { EvaluationReport } from '../../../evaluation/report.js';
import { createProgress } from '../../create-progress.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { describeReview, reviewToJson } from '../../figures/format-review.js';
import { printJson } from '../../output.js';
import { wantsSummary, writeSummary } from '../../summary/write-summary.js';

const EXAMPLES = `
Examples:
  preannotate eval annotations --truth corrected/instances.json
  preannotate eval results.json --truth corrected/instances.json --json
  preannotate eval annotations --truth corrected --plots plots --min-ap50 0.8
  preannotate eval annotations --truth corrected --score-threshold 0.3 --seconds draw=20,adjust=8

Predictions are the output folder of a run, or a data set in any format.`;

const REFERENCE: Reference = { exits: { 3: 'below --min-map or --min-ap50' }, environment: ['options', 'ci'] };

export function defineEval(command: Command): Command {
  command.action(async (path: string) => {
    const loaded = await loadCommand(command, EvalConfig);
    process.exitCode = await evaluate(resolve(path), loaded);
  });
  return addHelpNotes(addFlags(command, EvalConfig), EXAMPLES, REFERENCE);
}

/** What only this command needs is loaded here. */
async function evaluate(path: string, loaded: Loaded<typeof EvalConfig>): Promise<number> {
  const { settings } = loaded;
  const progress = createProgress(settings);
  const { readPredictions } = await import('./predictions.js');
  const { compareWithTruth } = await import('./truth.js');
  const { readRunReview, toAcceptedSet } = await import('../../../data-set/review/run-review.js');
  const { reportOn } = await import('../../../evaluation/report.js');
  const predictions = await readPredictions(path, loaded);
  const { run } = predictions;
  const review = run && (await readRunReview(path, run));
  const readReview = run && (() => Promise.resolve(toAcceptedSet(path, run, review)));
  const { comparison, notes } = await compareWithTruth(predictions, settings, { readReview });
  for (const note of [...predictions.notes, ...notes]) progress.note(note);
  const ranked = comparison.evaluate(predictions.images);
  const drafts = comparison.evaluate(predictions.drafts);
  const { iou, seconds } = settings;
  const report = reportOn({ classes: comparison.classes, ranked, drafts }, { iou, seconds });
  const { unpairedImages, unpairedClasses, rule } = comparison;
  if (settings.json) {
    const unpaired = { images: unpairedImages, classes: unpairedClasses, images_matched_by: rule };
    printJson({ ...report, unpaired, ...(review && { review: reviewToJson(review.progress) }) });
  } else if (!settings.quiet) {
    const { formatReport } = await import('../../figures/format-report.js');
    process.stdout.write(formatReport(report));
    if (review !== undefined) process.stdout.write(`\n${describeReview(review.progress)}\n`);
  }
  if (settings.plots !== undefined) await writePlots(settings.plots, report);
  const places = { file: settings.summary, environment: process.env };
  if (wantsSummary(places)) {
    const { evalMarkdown } = await import('../../summary/eval-markdown.js');
    for (const note of await writeSummary(evalMarkdown(report), places)) progress.note(note);
  }
  assertReached(report.stats, settings);
  return 0;
}

async function writePlots(folder: string, report: EvaluationReport): Promise<void> {
  const { plotFiles } = await import('../../../evaluation/plots/plots.js');
  await makeFolder(folder);
  for (const [name, text] of plotFiles(report)) await replaceFile(join(folder, name), text);
}

/** @throws PreannotateError BELOW_MINIMUM naming every figure that is too low. */
function assertReached({ AP, AP50 }: Stats, { minMap, minAp50 }: Loaded<typeof EvalConfig>['settings']): void {
  const missed = [
    ...(minMap !== undefined && AP < minMap ? [`AP is ${AP.toFixed(3)}, below --min-map ${minMap}.`] : []),
    ...(minAp50 !== undefined && AP50 < minAp50 ? [`AP50 is ${AP50.toFixed(3)}, below --min-ap50 ${minAp50}.`] : []),
  ];
  if (missed.length === 0) return;
  const hint = 'The table and --json show which classes are weak.';
  throw new PreannotateError({ code: 'BELOW_MINIMUM', message: missed.join('\n'), hint });
}
