/** The reason of a signal's abort: SIGINT or SIGTERM. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = signal === 'SIGINT' ? 130 : 143;
  }
}

/**
 * An AbortSignal that fires at the first SIGINT or SIGTERM; the second one ends the process at once. Workers notice that
 * their parent is gone and end too.
 */
export function interruptible(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal);
      if (controller.signal.aborted) process.exit(reason.exitCode);
      process.stderr.write(`\n${signal}: stopping. What is finished is saved; the same command goes on from there.\n`);
      controller.abort(reason);
    });
  }
  return controller.signal;
}
