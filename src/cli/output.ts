import { setTimeout as sleep } from 'node:timers/promises';
import { FAILURES, type Failure, type PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { isJsonLog, writeEvent } from '../progress/log.js';
import { asTyped } from '../progress/typed-command.js';
import { hasColours } from './colours.js';

/** A reader of our output that has stopped reading does not keep the process. */
const FLUSH_MS = 200;

/** Bold red where colours are wanted. */
function red(text: string): string {
  return hasColours(process.stderr) ? `\u001b[1;31m${text}\u001b[0m` : text;
}

/** Prints on stderr what failed, and what to do. @param causes - For --verbose. */
export function printFailure(failure: Failure, causes: readonly string[] = []): void {
  const { code } = failure;
  const [message, hint] = [asTyped(failure.message), asTyped(failure.hint)];
  if (isJsonLog()) {
    const more = causes.length === 0 ? {} : { causes };
    writeEvent(process.stderr, { level: 'error', event: 'error', message, code, hint, ...more });
    return;
  }
  process.stderr.write(`${red('error:')} ${message}\n${[hint, ...causes].map((text) => text && `${text}\n`).join('')}`);
}

/** Prints an error that is no named failure: a bug, so its stack is printed. */
export function printUnexpected(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (isJsonLog()) {
    writeEvent(process.stderr, { level: 'error', event: 'error', message: text, code: 'INTERNAL', hint: '' });
    return;
  }
  process.stderr.write(`${red('unexpected error:')} ${text}\n`);
}

/**
 * The causes of a failure, for --verbose. They have a stack only where something is wrong inside the program: what the
 * user can correct is explained without one.
 */
export function causesOf(error: PreannotateError): string[] {
  const causes = error.detail === undefined ? [] : [`Detail: ${printLines(error.detail)}`];
  const isUsersToCorrect = FAILURES[error.code].exitCode === FAILURES.USAGE.exitCode;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause) {
    if (!isUsersToCorrect) causes.push(cause.stack ?? cause.message);
    else if (!error.message.includes(cause.message)) causes.push(`Cause: ${printLines(cause.message)}`);
  }
  return causes;
}

function printLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** Prints a result as one JSON document on stdout. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Waits until everything that was printed is written. */
export async function flushOutput(): Promise<void> {
  const written = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
  );
  await Promise.race([Promise.all(written), sleep(FLUSH_MS)]);
}
