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
 */
export function abortOnSignals(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal);
      if (controller.signal.aborted) process.exit(reason.exitCode);
      process.stderr.write(
        `\n${signal}: stopping. Finished images are saved; the same command continues from there.\n`,
      );
      controller.abort(reason);
    });
  }
  return controller.signal;
}
