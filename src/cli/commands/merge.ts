import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { Loaded } from '../../config/load.js';
import { MergeConfig } from '../../config/schema.js';
import { PreannotateError } from '../../core/errors.js';
import type { Merged } from '../../merge.js';
import { createProgress } from '../create-progress.js';
import { countChosen } from '../../run/choose-images.js';
import { allowedFailures } from '../../run/mass-failure.js';
import { addFlags, loadCommand } from '../flags.js';
import { addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';
import { printJson } from '../output.js';
import { prepareSummary, wantsSummary, writeSummary } from '../summary/write-summary.js';
import { VERSION } from '../../disk/version.js';
import { commonThreshold, formatSelection } from './views/format-selection.js';
import { fetchSettingsOf } from '../../jobs/remote-settings.js';
import { takeOverRuleOf } from '../../jobs/take-over-rule.js';
import { chooseViews } from '../../jobs/choose-views.js';
import { describeViews } from './views/describe-views.js';

const EXAMPLES = `
Examples:
  preannotate merge annotations
  preannotate merge machine-a/annotations machine-b/annotations -o annotations
  preannotate merge annotations --preview 20

All parts of one number must be there, and finished: what is missing is listed with the command that makes it.
Options that are not given keep the values of the parts. Merging again adds what the parts have got since.`;

const REFERENCE: Reference = {
  exits: { 3: 'more images failed than --max-errors allows, or previews or copies are missing' },
  files: { '<out>/shards/i-of-n': 'a part, as `preannotate run --shard i/n` made it' },
  environment: ['options', 's3'],
};

export function defineMerge(command: Command): Command {
  command.action(async (folders: string[]) => {
    const loaded = await loadCommand(command, MergeConfig);
    process.exitCode = await mergeFolders(folders, loaded);
  });
  return addHelpNotes(addFlags(command, MergeConfig), EXAMPLES, REFERENCE);
}

async function mergeFolders(given: readonly string[], loaded: Loaded<typeof MergeConfig>): Promise<number> {
  const { settings } = loaded;
  const places = { file: settings.summary, environment: process.env };
  await prepareSummary(places);
  const { mergeParts } = await import('../../merge.js'); // other commands do not need it
  const outDir = outputOf(given, loaded);
  const folders = given.length === 0 ? [outDir] : given.map((folder) => resolve(folder));
  const progress = createProgress(settings);
  const merged = await mergeParts(
    {
      folders,
      outDir,
      imagesRoot: settings.imagesRoot,
      takeOver: takeOverRuleOf(loaded),
      fetch: fetchSettingsOf(loaded),
      version: VERSION,
    },
    (run) => chooseViews(run, loaded),
    progress,
  );
  await printResult(merged, outDir, loaded);
  if (wantsSummary(places)) for (const note of await writeSummary(await summaryOf(outDir), places)) progress.note(note);
  const { failed, found, choice } = merged.extent;
  const isIncomplete = failed > allowedFailures(settings.maxErrors, countChosen(found, choice));
  return isIncomplete || merged.missing.previews + merged.missing.copies > 0 ? 3 : 0;
}

/** That of the whole run; each part has written its own. */
async function summaryOf(outDir: string): Promise<string> {
  const { readManifest } = await import('../../run/manifest.js');
  const { countRun } = await import('../../statistics/read-statistics.js');
  const { runMarkdown } = await import('../summary/run-markdown.js');
  const model = (await readManifest(outDir))?.model.reference;
  return runMarkdown(await countRun(outDir), model ?? 'unknown');
}

/** @throws PreannotateError USAGE when several folders are given, and not where the run goes. */
function outputOf(given: readonly string[], { settings, given: origins }: Loaded<typeof MergeConfig>): string {
  const [first, second] = given;
  if (first === undefined || origins.out === 'flag') return settings.out;
  if (second === undefined) return resolve(first);
  if (origins.out !== 'default') return settings.out;
  throw new PreannotateError({
    code: 'USAGE',
    message: 'Several folders are to be merged, but it is not known into which one.',
    hint: 'Name the output folder of the whole run with -o.',
  });
}

async function printResult(
  { parts, extent, counts, choice, missing }: Merged<ReturnType<typeof chooseViews>>,
  outDir: string,
  { settings }: Loaded<typeof MergeConfig>,
): Promise<void> {
  const { formats, stored, previews } = choice;
  const { toMissingCounts } = await import('../../run/manifest.js');
  if (settings.json)
    printJson({ parts, ...extent, ...counts, ...toMissingCounts(missing), formats, selection: stored });
  else if (!settings.quiet) {
    const { PREVIEWS } = await import('../../views/view-choice.js');
    const views = previews > 0 ? [...formats, PREVIEWS] : formats;
    const details = settings.verbose ? formatSelection(stored) : '';
    const written = describeViews({ extent, counts, views, threshold: commonThreshold(stored) });
    process.stdout.write(`${parts} parts merged. ${written} written to ${outDir}\n${details}`);
  }
}
