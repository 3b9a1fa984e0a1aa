import { resolve } from 'node:path';
import { Command } from 'commander';
import type { ImageFiles } from '../../core/image-files.js';
import { counted } from '../../core/text.js';
import { describeBelowFloor } from '../../config/conflicts.js';
import { loadSettings, type Loaded } from '../../config/load.js';
import { problemsError } from '../../config/problems.js';
import { ExportConfig } from '../../config/schema.js';
import { changeSelection, readStoredSelection, resolveSelection, toStoredSelection } from '../../config/selection.js';
import { formatNames, type FormatName } from '../../formats/index.js';
import { Progress } from '../../progress/bar.js';
import { describeExtent, type Extent } from '../../run/extent.js';
import type { RunScope } from '../../run/header.js';
import type { OpenedRun } from '../../run/open-run.js';
import { addFlags, readGivenFlags } from '../flags.js';
import { addHelpNotes } from '../help.js';
import { printJson } from '../output.js';
import { formatSelection } from './format-selection.js';
import { fetchSettingsOf, remoteImageFiles } from './remote-settings.js';
import { takeOverRuleOf } from './take-over-rule.js';

const EXAMPLES = `
Examples:
  preannotate export annotations --score-threshold 0.4
  preannotate export annotations --format yolo --nms-iou 0.7 --preview 20
  preannotate export annotations --images-root /data/photos

Options that are not given keep the values of the run. No model is needed: the journal has all detections.
Every format and the previews that the folder has are written again; --format and --preview add to them.`;

export function exportCommand(): Command {
  const command = new Command('export')
    .description('Write the annotation files of a run again, with other formats, thresholds or suppression.')
    .argument('<out-dir>', 'output folder of `preannotate run`')
    .action(async (folder: string) => {
      const flags = readGivenFlags(command, ExportConfig);
      const loaded = await loadSettings({ schema: ExportConfig, flags, environment: process.env, cwd: process.cwd() });
      process.exitCode = await exportFolder(resolve(folder), loaded);
    });
  return addHelpNotes(addFlags(command, ExportConfig), EXAMPLES);
}

async function exportFolder(outDir: string, loaded: Loaded<typeof ExportConfig>): Promise<number> {
  const { settings } = loaded;
  const { exportViews, PREVIEWS } = await import('../../views.js'); // other commands do not need it
  const progress = new Progress({ stream: process.stderr, quiet: settings.quiet });
  const { extent, counts, choice, missingPreviews } = await exportViews(
    { outDir, imagesRoot: settings.imagesRoot, takeOver: takeOverRuleOf(loaded), fetch: fetchSettingsOf(loaded) },
    (run) => chooseViews(run, loaded),
    progress,
  );
  const { formats, stored } = choice;
  if (extent.status === 'interrupted' || extent.failed > 0) progress.note(describeRest(extent.status));
  const details = settings.verbose ? formatSelection(stored) : '';
  if (settings.json) printJson({ ...extent, ...counts, formats, selection: stored });
  else if (!settings.quiet) {
    const views = choice.previews > 0 ? [...formats, PREVIEWS] : formats;
    process.stdout.write(`${describeResult(extent, counts.detections, views)} written to ${outDir}\n${details}`);
  }
  return missingPreviews > 0 ? 3 : 0;
}

/** `18 boxes in 5 of 48 images (--limit 5): coco, yolo and previews`; first that the run was stopped, if it was. */
function describeResult(extent: Extent, boxes: number, views: readonly string[]): string {
  const [others, last] = [views.slice(0, -1), views.at(-1)];
  const named = others.length === 0 ? last : `${others.join(', ')} and ${last}`;
  const found = counted(boxes, 'box', 'boxes');
  if (extent.status === 'interrupted') return `${describeExtent(extent)}. ${found} in ${named},`;
  return `${found} in ${describeExtent(extent)}: ${named}`;
}

/** What to do about the images that the views lack. */
function describeRest(status: Extent['status']): string {
  return status === 'interrupted'
    ? 'The same `preannotate run` continues the run.'
    : 'errors.jsonl has the reasons why images failed; the same `preannotate run` tries them again.';
}

/** The run's own formats and selection, except for options set on this call. */
function chooseViews({ scope, ontology, journal }: OpenedRun, loaded: Loaded<typeof ExportConfig>) {
  const { settings, given } = loaded;
  assertAboveFloor(loaded, journal.header.options.score_floor);
  const stated = changeSelection(readStoredSelection(scope.selection), loaded);
  return {
    stored: toStoredSelection(stated, ontology),
    selection: resolveSelection(stated, ontology),
    formats: given.format === 'default' ? knownFormats(scope) : settings.format,
    previews: settings.preview,
    imageFiles: imageFilesOf(scope, loaded),
    overwriteEdited: settings.overwriteEdited,
  };
}

function imageFilesOf(scope: RunScope, loaded: Loaded<typeof ExportConfig>): ImageFiles {
  const { settings, given } = loaded;
  if (scope.root === undefined) return remoteImageFiles(loaded, scope.images ?? 'none');
  return given.images === 'default' ? (scope.images ?? settings.images) : settings.images;
}

/** @throws PreannotateError CONFIG_INVALID when a threshold is set for which nothing was stored, as `run` does. */
function assertAboveFloor({ settings, given, nameOf }: Loaded<typeof ExportConfig>, floor: number): void {
  const { scoreThreshold: threshold } = settings;
  if (given.scoreThreshold === 'default' || threshold >= floor) return;
  const advice = `Raise the threshold, or annotate again: run --restart --score-floor ${threshold}.`;
  throw problemsError('CONFIG_INVALID', [
    { ...describeBelowFloor(nameOf('score_threshold'), threshold, floor), advice },
  ]);
}

/** The formats of the run; another version may have had more. */
function knownFormats({ formats }: RunScope): FormatName[] {
  return formatNames.filter((name) => formats.includes(name));
}
