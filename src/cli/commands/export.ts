import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../config/load.js';
import { ExportConfig } from '../../config/schema.js';
import { createProgress } from '../create-progress.js';
import type { Extent } from '../../run/extent.js';
import { addFlags, loadCommand } from '../flags.js';
import { addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';
import { printJson } from '../output.js';
import { VERSION } from '../../disk/version.js';
import { commonThreshold, formatSelection } from './views/format-selection.js';
import { fetchSettingsOf } from '../../jobs/remote-settings.js';
import { takeOverRuleOf } from '../../jobs/take-over-rule.js';
import { chooseViews } from '../../jobs/choose-views.js';
import { describeViews } from './views/describe-views.js';

const EXAMPLES = `
Examples:
  preannotate export annotations --score-threshold 0.4
  preannotate export annotations --format yolo --nms-iou 0.7 --preview 20
  preannotate export annotations --images-root /data/photos

Options that are not given keep the values of the run. No model is needed: the journal has all detections.
Every format and the previews that the folder has are written again; --format and --preview add to them.`;

const REFERENCE: Reference = {
  exits: { 3: 'written, but previews or copies of images are missing' },
  files: { '<out-dir>/review.jsonl': 'what people decided in `preannotate review`; it goes into the files' },
  environment: ['options', 's3'],
};

export function defineExport(command: Command): Command {
  command.action(async (folder: string) => {
    const loaded = await loadCommand(command, ExportConfig);
    process.exitCode = await exportFolder(resolve(folder), loaded);
  });
  return addHelpNotes(addFlags(command, ExportConfig), EXAMPLES, REFERENCE);
}

async function exportFolder(outDir: string, loaded: Loaded<typeof ExportConfig>): Promise<number> {
  const { settings } = loaded;
  // Other commands do not need it.
  const { exportViews } = await import('../../views/export-views.js');
  const { PREVIEWS } = await import('../../views/view-choice.js');
  const progress = createProgress(settings);
  const { extent, counts, choice, missing } = await exportViews(
    {
      outDir,
      imagesRoot: settings.imagesRoot,
      takeOver: takeOverRuleOf(loaded),
      fetch: fetchSettingsOf(loaded),
      version: VERSION,
    },
    ({ journal, ...run }) => chooseViews({ ...run, header: journal.header, previews: 0 }, loaded),
    progress,
  );
  const { formats, stored } = choice;
  if (extent.status === 'interrupted' || extent.failed > 0) progress.note(describeRest(extent.status));
  if (loaded.given.scoreThreshold === 'flag') progress.note(describeKept(settings.scoreThreshold));
  const details = settings.verbose ? formatSelection(stored) : '';
  const { toMissingCounts } = await import('../../run/manifest.js');
  const lacking = toMissingCounts(missing);
  if (settings.json) printJson({ ...extent, ...counts, ...lacking, formats, selection: stored });
  else if (!settings.quiet) {
    const views = choice.previews > 0 ? [...formats, PREVIEWS] : formats;
    const written = describeViews({ extent, counts, views, threshold: commonThreshold(stored) });
    process.stdout.write(`${written} written to ${outDir}\n${details}`);
  }
  return missing.previews + missing.copies > 0 ? 3 : 0;
}

/** What to do about the images that the views lack. */
function describeRest(status: Extent['status']): string {
  return status === 'interrupted'
    ? 'The same `preannotate run` continues the run.'
    : 'errors.jsonl has the reasons why images failed; the same `preannotate run` tries them again.';
}

/** That the next export does not have a threshold of this one, and how it would. */
function describeKept(threshold: number): string {
  return (
    `--score-threshold ${threshold} counts for this call only; \`score_threshold: ${threshold}\` in preannotate.yaml ` +
    'counts for all commands.'
  );
}
