import { describeParts } from '../core/data-set/split.js';
import { counted, nameInMessage, printable, quoteForShell } from '../core/text.js';
import { describeFetchOptions } from '../images/remote/fetch-settings.js';
import { displayPath } from '../disk/display-path.js';
import { STOPPED_IN_TIME } from '../feeds/time-limit.js';
import { formatNames, formats } from '../formats/index.js';
import type { Job } from '../job.js';
import { describeChoice } from '../run/choose-images.js';
import type { LoggedError } from '../run/error-log.js';
import type { RunManifest } from '../run/manifest.js';
import { wholeFolder } from '../run/shards/find-parts.js';
import { PREVIEWS } from '../views/view-choice.js';

const TRIED_AGAIN = 'The same command tries failed images again.';
const MAX_CLASSES = 10;

/** What the summary of a run is made of. */
export interface RunResult {
  readonly job: Pick<Job, 'outDir' | 'choice' | 'fetch'>;
  readonly manifest: RunManifest;
  readonly duplicates?: string | undefined; // what duplicates.jsonl lists
  readonly errors: readonly LoggedError[]; // the first few
  readonly cwd: string;
  readonly command: string; // by which the user calls preannotate
}

/** What a run did, where its results are, and what to do next. */
export function formatRunSummary(result: RunResult): string {
  const lines = [describeImages(result), ...describeBoxes(result), ...describeFailures(result)];
  const next = describeNextSteps(result);
  return [...lines, '', ...describePlaces(result), ...(next.length === 0 ? [] : ['', ...next])].join('\n') + '\n';
}

/** `20 of 500 images annotated in 12.3 s (--limit 20), 5 of them by earlier runs.` */
function describeImages({ job, manifest }: RunResult): string {
  const { counts, timings, stopped_by: stoppedBy } = manifest;
  const seconds = ((timings['total_ms'] ?? 0) / 1000).toFixed(1);
  const choice = describeChoice(job.choice);
  const resumed = counts.resumed > 0 ? `, ${counts.resumed} of them by earlier runs` : '';
  const chosen = choice === undefined ? '' : ` (${choice})`;
  const { duplicates = 0 } = counts;
  const rest = stoppedBy === undefined ? '' : ` ${STOPPED_IN_TIME}`;
  const shared = duplicates > 0 ? `, ${counted(duplicates, 'copy', 'copies')} of others among them` : '';
  const done = `${counts.annotated} of ${counted(counts.found, 'image')} annotated`;
  return `${done} in ${seconds} s${chosen}${resumed}${shared}.${rest}`;
}

function describeBoxes({ manifest: { counts }, duplicates }: RunResult): string[] {
  const { detections = 0, detections_by_class: byClass = {}, images_without_detections: without = 0 } = counts;
  const classes = Object.entries(byClass)
    .filter(([, boxes]) => boxes > 0)
    .sort(([, a], [, b]) => b - a);
  const named = classes.slice(0, MAX_CLASSES).map(([name, boxes]) => `${boxes} ${printable(name)}`);
  const others = classes.slice(MAX_CLASSES);
  const rest = others.reduce((sum, [, boxes]) => sum + boxes, 0);
  const more =
    others.length === 0
      ? ''
      : ` and ${counted(rest, 'box', 'boxes')} of ${counted(others.length, 'more class', 'more classes')}`;
  const { left_out_without_detections: leftOut = 0, left_out_unreviewed: unreviewed = 0 } = counts;
  const unseen = leftOut > 0 ? `, ${leftOut} more are left out (--negatives)` : '';
  const degraded = counts.degraded ?? 0;
  const { images_by_part: parts, reviewed = 0, reviewed_boxes: reviewedBoxes = 0 } = counts;
  return [
    `${counted(detections, 'box', 'boxes')}${detections > 0 ? `: ${named.join(', ')}${more}` : ''}. ` +
      `${counted(without, 'image')} without boxes${unseen}.`,
    ...(reviewed + reviewedBoxes + unreviewed === 0
      ? []
      : [
          `${counted(reviewed, 'image')} and ${counted(reviewedBoxes, 'box', 'boxes')} reviewed by people${
            unreviewed > 0 ? `, ${counted(unreviewed, 'other image')} left out (--only-reviewed)` : ''
          }.`,
        ]),
    ...(parts === undefined ? [] : [`Images by part: ${describeParts(parts)}.`]),
    ...(duplicates === undefined ? [] : [duplicates]),
    ...describeFeatures(counts),
    ...(degraded > 0
      ? [`${counted(degraded, 'image')} could be decoded only in part ("degraded" in detections.jsonl).`]
      : []),
  ];
}

function describeFeatures({ features }: RunResult['manifest']['counts']): string[] {
  if (features === undefined) return [];
  const { read, encoded, damaged } = features;
  const lost = damaged > 0 ? `, ${damaged} of them since their stored features could not be used` : '';
  return [`${counted(read, 'image')} from stored features, ${encoded} encoded${lost}.`];
}

function describeFailures({ manifest: { counts }, errors }: RunResult): string[] {
  const before = counts.failed_before === undefined ? '' : `, ${counts.failed_before} in the run before`;
  if (counts.failed === 0) return before === '' ? [] : [`None failed${before}.`];
  const reasons = errors.map(({ image, message }) => `  ${nameInMessage(image, message)}`);
  const left = counts.failed - errors.length;
  return [
    `${counts.failed} failed${before}:`,
    ...reasons,
    ...(left > 0 ? [`  and ${left} more, in errors.jsonl`] : []),
    ...(sharedHint(errors) ?? []),
  ];
}

/** What to do where all failures shown have the same cause. */
function sharedHint([first, ...others]: RunResult['errors']): [string] | undefined {
  const hint = first?.hint ?? '';
  return hint === '' || others.some((other) => other.hint !== hint) ? undefined : [printable(hint)];
}

/** Without what the shared hint says already. */
function describeRetry(errors: RunResult['errors']): string[] {
  const [hint] = sharedHint(errors) ?? [];
  if (hint === undefined) return [TRIED_AGAIN];
  return hint.includes(TRIED_AGAIN) ? [] : ['Once this is corrected, the same command tries failed images again.'];
}

/** Of a run over remote images: they are not stored, and previews need them. */
function fetchOptionsOf({ job, manifest }: Pick<RunResult, 'job' | 'manifest'>): string {
  return manifest.root === undefined ? describeFetchOptions(job.fetch) : '';
}

/** The files to open, as they are reached from where the user is. */
function describePlaces({ job: { outDir, choice }, manifest, cwd }: RunResult): string[] {
  const folder = printable(placeOf(outDir, cwd));
  if (choice.shard !== undefined) return [`Results of part ${choice.shard.index} of ${choice.shard.count}: ${folder}`];
  const names = formatNames.filter((name) => manifest.formats.includes(name));
  const placeIn = (...path: string[]) => [folder, ...path].filter((part) => part !== '').join('/');
  const places = names.map((name) => [formats[name].title, placeIn(name, formats[name].opened)]);
  if ((manifest.counts.previews ?? 0) > 0) places.push(['Previews', `${folder}/${PREVIEWS}`]);
  const width = Math.max(...places.map(([title]) => title!.length)) + 1;
  return places.map(([title, place]) => `${`${title}:`.padEnd(width)} ${place}`);
}

function describeNextSteps(result: RunResult): string[] {
  const { job, manifest, errors, cwd, command } = result;
  const { counts, selection } = manifest;
  if (job.choice.shard !== undefined) return describeMerge(result);
  const folder = quoteForShell(placeOf(job.outDir, cwd));
  const choice = describeChoice(job.choice);
  const left = counts.found - counts.annotated; // failed ones too: they are tried again
  const steps: string[] = [];
  if (choice !== undefined && left > 0)
    steps.push(`The same command without ${choice} annotates the other ${counted(left, 'image')}.`);
  if (counts.failed > 0) steps.push(...describeRetry(errors));
  if (counts.annotated === 0) return steps;
  const fetched = fetchOptionsOf(result);
  if ((counts.previews ?? 0) === 0) steps.push(`To see the boxes: ${command} export ${folder} --preview=20${fetched}`);
  const { reviewed = 0, reviewed_boxes: reviewedBoxes = 0 } = counts;
  const isEmpty = counts.detections === 0 && counts.annotated > 0 && reviewed + reviewedBoxes === 0;
  const threshold = isEmpty ? manifest.options.score_floor : anotherThreshold(selection['score_threshold']);
  const purpose = isEmpty ? 'No box scored above the threshold. For a lower one' : 'For another threshold';
  steps.push(`${purpose}, in seconds: ${command} export ${folder} --score-threshold ${threshold}`);
  steps.push(`To correct the boxes in the browser: ${command} review ${folder} --open${fetched}`);
  return steps;
}

/** A shard has no files to look at yet. */
function describeMerge(result: RunResult): string[] {
  const { job, manifest, errors, cwd, command } = result;
  const { outDir, choice } = job;
  const { counts, part } = manifest;
  const options = part === undefined || part.previews === 0 ? '' : fetchOptionsOf(result);
  const whole = quoteForShell(placeOf(wholeFolder(outDir), cwd));
  const files = part === undefined || part.previews === 0 ? 'annotation files' : 'annotation files and previews';
  return [
    ...(counts.failed > 0 ? describeRetry(errors) : []),
    `When all ${choice.shard!.count} parts are done, this writes the ${files}: ${command} merge ${whole}${options}`,
  ];
}

/** As an example: a higher one, unless that would leave next to nothing. */
function anotherThreshold(threshold: unknown): number {
  return typeof threshold === 'number' && threshold <= 0.4 ? Math.round(threshold * 200) / 100 || 0.1 : 0.3;
}

function placeOf(path: string, cwd: string): string {
  return path === cwd ? '.' : displayPath(path, cwd);
}
