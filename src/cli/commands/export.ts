import { resolve } from 'node:path';
import { Command } from 'commander';
import { loadSettings, type Loaded } from '../../config/load.js';
import { ExportConfig } from '../../config/schema.js';
import type { Selection } from '../../core/select.js';
import { formatNames, type FormatName } from '../../formats/index.js';
import { exportViews, type ViewChoice } from '../../views.js';
import { Progress } from '../../progress/bar.js';
import type { RunManifest } from '../../run/manifest.js';
import { addFlags, givenFlags } from '../flags.js';
import { printJson } from '../output.js';
import { previewCountOf, selectionOf } from './selection.js';

const EXAMPLES = `
Examples:
  preannotate export annotations --score-threshold 0.4
  preannotate export annotations --format yolo --nms-iou 0.7 --preview 20

What is not said stays as the run had it. No model is needed: the journal keeps what it said.`;

export function exportCommand(): Command {
  const command = new Command('export')
    .description('Write the annotation files of a run again, with other formats, thresholds or suppression.')
    .argument('<out-dir>', 'output folder of `preannotate run`')
    .addHelpText('after', EXAMPLES)
    .action(async (folder: string) => {
      const flags = givenFlags(command, ExportConfig);
      const loaded = await loadSettings({ schema: ExportConfig, flags, environment: process.env, cwd: process.cwd() });
      await exportFolder(resolve(folder), loaded);
    });
  return addFlags(command, ExportConfig);
}

async function exportFolder(outDir: string, loaded: Loaded<typeof ExportConfig>): Promise<void> {
  const { settings, given } = loaded;
  const progress = new Progress({ stream: process.stderr, quiet: settings.quiet });
  const choose = (run: RunManifest): ViewChoice => ({
    selection: changedSelection(run, loaded),
    formats: given.format === 'default' ? knownFormats(run) : settings.format,
    previews: previewCountOf(settings.preview),
  });
  const result = await exportViews(outDir, choose, progress);
  if (settings.json) printJson(result);
  else if (!settings.quiet)
    process.stdout.write(`${result.formats.join(', ')} of ${result.images} images written to ${outDir}\n`);
}

/** Those of the run; another version may have had more. */
function knownFormats({ formats }: RunManifest): FormatName[] {
  return formatNames.filter((name) => formats.includes(name));
}

/** The run's own selection, but for what is asked for now. */
function changedSelection({ selection }: RunManifest, loaded: Loaded<typeof ExportConfig>): Selection {
  const asked = selectionOf(loaded);
  const { given } = loaded;
  const isAsked = (...keys: (keyof typeof given)[]) => keys.some((key) => given[key] !== 'default');
  return {
    ...selection,
    ...(isAsked('scoreThreshold')
      ? { scoreThreshold: asked.scoreThreshold, overridesOntology: asked.overridesOntology }
      : {}),
    ...(isAsked('nms', 'nmsIou') ? { nmsIou: asked.nmsIou } : {}),
    ...(isAsked('classAgnosticNms') ? { classAgnosticNms: asked.classAgnosticNms } : {}),
    ...(isAsked('maxDetections') ? { maxDetections: asked.maxDetections } : {}),
  };
}
