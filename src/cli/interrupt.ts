import { isJsonLog, writeEvent } from '../progress/log.js';
import { stopBars } from '../progress/terminal.js';
import { Interrupted, type StopSignal } from './interrupted.js';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Creates an AbortSignal that fires at the first SIGINT or SIGTERM; the second one ends the process at once. Workers
 * end when their parent has ended.
 *
 * @param outcome - What becomes of the work: a sentence for the message.
 * @param quiet - Whether the message is left out.
 * @param exitCodes - Where stopping is not the usual interruption.
 */
export function abortOnSignals(
  outcome: string,
  { quiet, exitCodes = {} }: { quiet: boolean; exitCodes?: Partial<Record<StopSignal, number>> },
): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal, exitCodes[signal] ?? EXIT_CODES[signal]);
      if (controller.signal.aborted) process.exit(EXIT_CODES[signal]);
      stopBars();
      if (!quiet) report(`${signal}: stopping. ${outcome}`);
      controller.abort(reason);
    });
  }
  return controller.signal;
}

function report(message: string): void {
  if (isJsonLog()) writeEvent(process.stderr, { level: 'info', event: 'stopping', message });
  else process.stderr.write(`${beginLine()}${message}\n`);
}

/** A terminal has shown ^C. */
function beginLine(): string {
  if (!process.stderr.isTTY) return '';
  return process.env['TERM'] === 'dumb' ? '\n' : '\r\u001b[K';
}
