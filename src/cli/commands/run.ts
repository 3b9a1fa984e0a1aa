import { join } from 'node:path';
import type { Command } from 'commander';
import { FAILURES, messageOf, PreannotateError } from '../../core/errors.js';
import { counted, printable } from '../../core/text.js';
import type { Loaded } from '../../config/load.js';
import { RunConfig } from '../../config/schema.js';
import type { Job } from '../../job.js';
import type { JobPlan } from '../../dry-run.js';
import { exceedsBudget } from '../../jobs/exceeds-budget.js';
import { STOPPED_IN_TIME } from '../../feeds/time-limit.js';
import { isJsonLog } from '../../progress/log.js';
import type { RunProgress } from '../../progress/run-progress.js';
import { commandName } from '../../progress/typed-command.js';
import { createProgress } from '../create-progress.js';
import { describeChoice } from '../../run/choose-images.js';
import type { RunManifest } from '../../run/manifest.js';
import type { ErrorBudget } from '../../run/mass-failure.js';
import { addFlags, loadCommand, readGivenFlags } from '../flags.js';
import { addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';
import { prepareJunit, reportFailures, type FailurePlaces } from '../ci/report-failures.js';
import { sectionMarks } from '../ci/sections.js';
import { abortOnSignals } from '../interrupt.js';
import { Interrupted } from '../interrupted.js';
import { printFailure, printJson } from '../output.js';
import { prepareSummary, wantsSummary, writeSummary, type SummaryPlaces } from '../summary/write-summary.js';
import { formatAsked } from './format-asked.js';
import { formatSelection } from './views/format-selection.js';

const NAMED_FAILURES = 5;

const EXAMPLES = `
Examples:
  preannotate run photos --class cup --limit 20 --preview
  preannotate run photos --ontology bottles
  preannotate run photos --class 'bottle=a bottle,glass bottle' --class cup -o drafts
  preannotate run photos --ontology bottles --model google/owlv2-base-patch16-ensemble
  preannotate run 'photos/**/*.png' --model builtin:emoji --ontology emoji --preview 20
  preannotate run @urls.txt --class cup -o drafts
  preannotate run s3://bucket/photos/ --class cup -o drafts
  preannotate run photos --ontology bottles --shard 1/4

The same command continues where it was stopped. Progress and notes go to stderr, the result to stdout.`;

const REFERENCE: Reference = {
  exits: {
    3: 'finished, but more images failed than --max-errors allows',
    75: 'stopped by --max-runtime: the same command continues',
    130: 'stopped by Ctrl-C; the same command continues',
    143: 'stopped by SIGTERM; the same command continues',
  },
  files: {
    './preannotate.yaml': 'settings, read where it exists (see --config); `preannotate init` writes one',
    '<out>/detections.jsonl': 'all that was found, an image a line; every other file can be made from it again',
    '<out>/coco, yolo, …': 'annotation files, in the formats of --format',
    '<out>/errors.jsonl': 'images that failed, and why',
    '<out>/run.json': 'settings, counts and timings of the run',
    '<out>/previews': 'images with their boxes, with --preview; open index.html',
  },
  environment: ['options', 'hub', 's3', 'queue', 'ci', 'cuda'],
};

const OUTCOME = 'Finished images are saved; the same command continues from there.';

const WATCH_OUTCOME = 'The annotation files are brought up to date; a second signal ends the command at once.';

export function defineRun(command: Command): Command {
  command.action(async (paths: string[]) => {
    const loaded = await loadCommand(command, RunConfig);
    process.exitCode = await run(paths, loaded, readGivenFlags(command, RunConfig));
  });
  return addHelpNotes(addFlags(command, RunConfig), EXAMPLES, REFERENCE);
}

/** What only a run needs is loaded here: other commands start sooner, with fewer files open at once. */
async function run(
  paths: readonly string[],
  loaded: Loaded<typeof RunConfig>,
  flags: Readonly<Record<string, unknown>>,
): Promise<number> {
  const { settings } = loaded;
  const { createRunJob } = await import('../../jobs/run-job.js');
  const { startedBy } = await import('../../jobs/started-by.js');
  const job = { ...(await createRunJob(paths, loaded)), ...startedBy(paths, loaded, flags) };
  const progress = createProgress(settings);
  if (settings.dryRun) {
    const { planOnly } = await import('../../dry-run.js');
    printPlan(await planOnly(job, progress), job, settings);
    return 0;
  }
  const quiet = settings.quiet || isJsonLog(); // CI systems have marks that are no JSON
  const places: ReportPlaces = { file: settings.summary, junit: settings.junit, quiet, environment: process.env };
  await prepareSummary(places);
  await prepareJunit(places);
  const ending = job.watch ? { outcome: WATCH_OUTCOME, exitCodes: { SIGTERM: 0 } } : { outcome: OUTCOME };
  const stop = abortOnSignals(ending.outcome, { quiet: settings.quiet, ...ending });
  const manifest = await annotateInSection(job, { progress, stop, places });
  if (settings.json) printJson(manifest);
  else if (!settings.quiet) await printSummary(manifest, job, settings.verbose);
  await report(job, { places, progress, stopped: manifest.stopped_by && STOPPED_IN_TIME });
  if (job.watch && stop.reason instanceof Interrupted) return stop.reason.exitCode; // its views are complete
  const exitCode = exitCodeOf(manifest, settings.maxErrors);
  if (exitCode === FAILURES.IMAGES_FAILED.exitCode && settings.quiet && !settings.json)
    printFailed(manifest, job.outDir);
  return exitCode;
}

/** Annotates between the marks of a CI system. Where most images failed, the reports are written before it ends. */
async function annotateInSection(
  job: Job,
  { progress, stop, places }: { progress: RunProgress; stop: AbortSignal; places: ReportPlaces },
): Promise<RunManifest> {
  const { annotate } = await import('../../pipeline.js');
  const { quiet, environment } = places;
  const section = sectionMarks({ id: 'preannotate_run', title: 'preannotate run' }, quiet ? {} : environment);
  process.stderr.write(section.begin);
  try {
    return await annotate(job, progress, stop).finally(() => process.stderr.write(section.end()));
  } catch (error) {
    if (error instanceof PreannotateError && error.code === 'MASS_FAILURE')
      // A second failure would only hide the first.
      await report(job, { places, progress, stopped: error.message }).catch((second: unknown) =>
        progress.note(`The summary could not be written: ${messageOf(second)}`),
      );
    throw error;
  }
}

/** Of a quiet run, whose exit code would have no reason. */
function printFailed({ counts }: RunManifest, outDir: string): void {
  const { failed, found, missing_previews: previews = 0, missing_copies: copies = 0 } = counts;
  const parts = [
    ...(failed > 0 ? [`${failed} of ${counted(found, 'image')} failed`] : []),
    ...(previews > 0 ? [`${counted(previews, 'preview')} could not be drawn`] : []),
    ...(copies > 0 ? [`${counted(copies, 'image')} could not be copied`] : []),
  ];
  const hint = failed > 0 ? `The reasons are in ${printable(join(outDir, 'errors.jsonl'))}.` : '';
  printFailure({ code: 'IMAGES_FAILED', message: `${parts.join(', ')}.`, hint });
}

function exitCodeOf(manifest: RunManifest, maxErrors: ErrorBudget): number {
  const { missing_previews: previews = 0, missing_copies: copies = 0 } = manifest.counts;
  if (manifest.stopped_by !== undefined) return FAILURES.TIME_LIMIT.exitCode;
  return previews + copies > 0 || exceedsBudget(maxErrors, manifest) ? 3 : 0;
}

/** Where a run reports what became of it, beside its output folder. */
type ReportPlaces = SummaryPlaces & FailurePlaces;

/**
 * Reports what failed, and writes the summary, where there is to be one.
 *
 * @param stopped - Why the run was stopped, if it was.
 */
async function report(
  job: Job,
  { places, progress, stopped }: { places: ReportPlaces; progress: RunProgress; stopped?: string | undefined },
): Promise<void> {
  await reportFailures(job.outDir, places);
  if (!wantsSummary(places)) return;
  const { countRun } = await import('../../statistics/read-statistics.js');
  const { runMarkdown } = await import('../summary/run-markdown.js');
  const markdown = runMarkdown(await countRun(job.outDir), job.model, stopped);
  for (const note of await writeSummary(markdown, places)) progress.note(note);
}

/** For people; with --verbose, what the model was asked, the thresholds in force and the time of each stage too. */
async function printSummary(manifest: RunManifest, job: Job, verbose: boolean): Promise<void> {
  const { formatRunSummary } = await import('../run-summary.js');
  const { readFirstErrors } = await import('../../run/error-log.js');
  const { describeDuplicates } = await import('../../run/duplicates/list-duplicates.js');
  const errors = await readFirstErrors(job.outDir, NAMED_FAILURES);
  const duplicates = job.choice.shard !== undefined ? undefined : await describeDuplicates(job.outDir);
  const details = verbose ? `${await formatDetails(manifest, job)}\n` : '';
  const told = { job, manifest, duplicates, errors, cwd: process.cwd(), command: commandName() };
  process.stdout.write(formatRunSummary(told) + details);
}

async function formatDetails({ selection, timings }: RunManifest, { ontology }: Job): Promise<string> {
  const { listAsked } = await import('../../dry-run.js');
  const asked = formatAsked(listAsked(ontology)).map((line) => `${line}\n`);
  return `${asked.join('')}${formatSelection(selection)}Timings: ${JSON.stringify(timings)}`;
}

function describeQueries({ ontology: { queries } }: Job): string {
  const examples = queries.filter(({ example }) => example !== undefined).length;
  const prompts = queries.length - examples;
  return `${counted(prompts, 'prompt')}${examples === 0 ? '' : `, ${counted(examples, 'example')}`}`;
}

function describeViews({ formats, choice: { shard } }: Job): string {
  const views = formats.join(', ');
  return shard === undefined ? views : `part ${shard.index} of ${shard.count}; merge writes ${views}`;
}

function printPlan(plan: JobPlan, job: Job, { json, quiet }: { json: boolean; quiet: boolean }): void {
  if (json) printJson(plan);
  if (json || quiet) return;
  const { found, finished, pending, failures, fetches, notes } = plan;
  const model = `${plan.model}${fetches ? ' (to be downloaded first)' : ''}`;
  const classes = counted(job.ontology.classes.length, 'class', 'classes');
  const choice = job.retryFailed ? '--retry-failed' : describeChoice(job.choice);
  const chosen = choice === undefined ? '' : `${finished + pending.length} chosen by ${choice}, `;
  const where = plan.root === undefined ? '' : ` under ${plan.root}`;
  const lines = [
    `${found} images found${where}, ${chosen}${finished} already done, ${pending.length} to do.`,
    `Model ${model}, ${classes}, ${describeQueries(job)}. Output: ${job.outDir} (${describeViews(job)})`,
    ...notes,
    ...formatAsked(plan.asked),
    ...failures.map(({ message }) => message),
    ...pending.map((name) => `  ${JSON.stringify(name).slice(1, -1)}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
