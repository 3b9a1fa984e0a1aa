import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { Holder } from '../../disk/lock/holder.js';
import type { LockHeldError } from '../../disk/lock/take-over.js';
import type { ReviewHolder } from './review-holder.js';

const WAYS_ON =
  'Wait for it, or give another --out folder. --take-over-after 5m takes the folder over if that process shows no ' +
  'heartbeat for five minutes; --force-unlock takes it at once: only if it has certainly ended.';

/** A review has the output folder open. */
export function reviewedError({ pid, host, address }: ReviewHolder): PreannotateError {
  return new PreannotateError({
    code: 'OUTPUT_LOCKED',
    message:
      `\`preannotate review\` has this output folder open: process ${pid} on ${printable(host)}, at ` +
      `${printable(address)}.`,
    hint: 'Stop it first, with Ctrl-C where it runs: everything that it shows as saved is kept.',
  });
}

/** The output folder is locked, and why this run does not take it over. */
export function lockedError(path: string, { holder, reason }: LockHeldError): PreannotateError {
  const isCertain = reason === 'running' || reason === 'heartbeat';
  const message = [
    `Another run ${reason === 'uncertain' ? 'may be' : 'is'} using this output folder`,
    holder === undefined ? `: its lock ${printable(path)} does not name it.` : `: ${describeHolder(holder)}.`,
    reason === 'heartbeat' ? ' It has just shown a heartbeat.' : '',
    reason === 'uncertain' ? ' Whether it has ended cannot be seen from here.' : '',
  ].join('');
  const hint = isCertain ? 'Wait for it, stop it, or give another --out folder.' : WAYS_ON;
  return new PreannotateError({ code: 'OUTPUT_LOCKED', message, hint });
}

/** Another run has taken the folder over, as after this one was stopped for long. */
export function lostError(outDir: string, by: Holder | undefined): PreannotateError {
  const what = by === undefined ? 'its lock was removed' : `another run has taken it over: ${describeHolder(by)}`;
  return new PreannotateError({
    code: 'OUTPUT_LOST',
    message: `This run no longer has the output folder ${printable(outDir)}: ${what}. It has stopped writing.`,
    hint: 'Finished images are saved. Once no other run uses the folder, the same command continues from there.',
  });
}

/** What is printed while a run waits for the heartbeat of another. */
export function describeWatch(path: string, holder: Holder | undefined, afterMs: number): string {
  const who = holder === undefined ? '' : ` of ${describeHolder(holder)}`;
  return `Watching the lock ${path}${who}: it is taken over if it shows no heartbeat for ${formatDuration(afterMs)}.`;
}

function describeHolder({ pid, host, started, heartbeat }: Holder): string {
  const last = heartbeat === undefined ? '' : `, last heartbeat ${printable(heartbeat)}`;
  return `process ${pid} on ${printable(host)}, since ${printable(started)}${last}`;
}

function formatDuration(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}
