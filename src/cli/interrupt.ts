import { stopBars } from '../progress/terminal.js';

/** The reason of an abort by SIGINT or SIGTERM. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/**
 * Creates an AbortSignal that fires at the first SIGINT or SIGTERM; the second one ends the process at once. Workers
 * end when their parent has ended.
 *
 * @param outcome - What becomes of the work: a sentence for the message.
 */
export function abortOnSignals(outcome: string): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal);
      if (controller.signal.aborted) process.exit(reason.exitCode);
      stopBars();
      process.stderr.write(`${beginLine()}${signal}: stopping. ${outcome}\n`);
      controller.abort(reason);
    });
  }
  return controller.signal;
}

/** A terminal has shown ^C. */
function beginLine(): string {
  if (!process.stderr.isTTY) return '';
  return process.env['TERM'] === 'dumb' ? '\n' : '\r\u001b[K';
}
