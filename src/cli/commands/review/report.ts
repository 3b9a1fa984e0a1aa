import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../../config/load.js';
import { ReportConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { counted, printable } from '../../../core/text.js';
import { readTextFile } from '../../../disk/regular-file.js';
import type { WrittenReport } from '../../../report/write-report.js';
import { withShownSelection } from '../../../jobs/shown-selection.js';
import type { ShowRun } from '../../../run/open-run.js';
import { createProgress } from '../../create-progress.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { printJson } from '../../output.js';

const EXAMPLES = `
Examples:
  preannotate report annotations
  preannotate report annotations -o report.html --max-size 10MB
  preannotate report annotations --link
  preannotate report annotations --truth corrected
  preannotate report annotations --truth review

The report opens from disk, without a network. The same run gives the same file, byte for byte: it holds no absolute
path, no name of a person or a machine, and no date.`;

const REFERENCE: Reference = {
  files: { '<out-dir>/report.html': 'the report, unless --output names another file' },
  environment: ['options'],
};

const MAX_EVALUATION_BYTES = 64 * 2 ** 20;

type Settings = Loaded<typeof ReportConfig>['settings'];

export function defineReport(command: Command): Command {
  command.action(async (folder: string) => {
    const loaded = await loadCommand(command, ReportConfig);
    await report(resolve(folder), loaded);
  });
  return addHelpNotes(addFlags(command, ReportConfig), EXAMPLES, REFERENCE);
}

/** What only this command needs is loaded here. */
async function report(outDir: string, loaded: Loaded<typeof ReportConfig>): Promise<void> {
  const { settings } = loaded;
  const { output, maxSize: maxBytes, link, imagesRoot, json, quiet } = settings;
  const progress = createProgress(settings);
  const { writeReport } = await import('../../../report/write-report.js');
  const file = resolve(output ?? join(outDir, 'report.html'));
  const evaluation = await findEvaluation(outDir, loaded, (note) => progress.note(note));
  const root = settings.truth === undefined && imagesRoot !== undefined ? resolve(imagesRoot) : undefined;
  const show: ShowRun = (run) => withShownSelection(run, loaded);
  const written = await writeReport({ outDir, file, maxBytes, link, imagesRoot: root, evaluation, show });
  for (const note of [...written.notes, ...describeLimits(written, settings)]) progress.note(note);
  const { notes: _, ...counts } = written;
  if (json) printJson({ file, ...counts });
  else if (!quiet) process.stdout.write(`${describe(written)} written to ${printable(file)}\n`);
}

async function findEvaluation(
  outDir: string,
  loaded: Loaded<typeof ReportConfig>,
  note: (text: string) => void,
): Promise<unknown> {
  const { truth, evaluation, iou, seconds } = loaded.settings;
  if (evaluation !== undefined) return await readEvaluation(evaluation);
  if (truth === undefined) return undefined;
  const { readRunPredictions } = await import('../evaluation/predictions.js');
  const { compareWithTruth } = await import('../evaluation/truth.js');
  const { readRunReview, toAcceptedSet } = await import('../../../data-set/review/run-review.js');
  const { reportOn } = await import('../../../evaluation/report.js');
  const predictions = await readRunPredictions(outDir, loaded);
  const { run } = predictions;
  const readReview = run && (async () => toAcceptedSet(outDir, run, await readRunReview(outDir, run)));
  const { comparison, notes } = await compareWithTruth(predictions, loaded.settings, { readReview });
  notes.forEach(note);
  const ranked = comparison.evaluate(predictions.images);
  const drafts = comparison.evaluate(predictions.drafts);
  return reportOn({ classes: comparison.classes, ranked, drafts }, { iou, seconds });
}

/** @throws PreannotateError CONFIG_INVALID where it is not what `eval --json` prints */
async function readEvaluation(path: string): Promise<unknown> {
  try {
    const { unpaired: _, ...read } = JSON.parse(await readTextFile(path, MAX_EVALUATION_BYTES)) as Record<
      string,
      unknown
    >;
    if (typeof read['stats'] === 'object' && Array.isArray(read['per_class'])) return read;
    throw new Error('it has no "stats" and "per_class"');
  } catch (error) {
    throw new PreannotateError(
      {
        code: 'CONFIG_INVALID',
        message: `${printable(path)} holds no evaluation: ${error instanceof Error ? error.message : String(error)}.`,
        hint: 'Write it with: preannotate eval <out-dir> --truth <path> --json > evaluation.json',
      },
      error,
    );
  }
}

function describeLimits({ images, embedded, unreadable, bytes, linked }: WrittenReport, { maxSize, link }: Settings) {
  const left = images - embedded - unreadable;
  const missing = unreadable === 0 ? [] : [`${counted(unreadable, 'image')} could not be read: no picture is shown.`];
  if (link || linked > 0) return [];
  if (embedded > 0 && left > 0) {
    const text =
      `The report holds the pictures of the ${embedded} most uncertain of ${counted(images, 'image')}; the others ` +
      'have no room in --max-size. --link links to all of them instead.';
    return [...missing, text];
  }
  return bytes > maxSize ? [...missing, 'The report is larger than --max-size, without any picture.'] : missing;
}

/** `48 images, 20 boxes (75 stored), 1.2 MB` */
function describe({ images, boxes, stored, bytes }: WrittenReport): string {
  const others = stored === boxes ? '' : ` (${stored} stored)`;
  return `${counted(images, 'image')}, ${counted(boxes, 'box', 'boxes')}${others}, ${(bytes / 1e6).toFixed(1)} MB`;
}
