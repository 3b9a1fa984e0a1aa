export type StopSignal = 'SIGINT' | 'SIGTERM';

/** The reason of an abort by SIGINT or SIGTERM. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: StopSignal, exitCode: number) {
    super(`stopped by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = exitCode;
  }
}
