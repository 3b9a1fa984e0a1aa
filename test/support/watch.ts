import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { EMOJI, journalled, Running, type Finished } from './cli.js';
import type { Photos } from './photos.js';

const FAST_CLOCK = join(import.meta.dirname, '../faults/fast-clock.mjs');

/** A running `run --watch`. */
export interface RunningWatch {
  readonly running: Running;
  /** Waits for something to become true. */
  readonly until: (isSo: () => Promise<boolean> | boolean) => Promise<void>;
  /** Waits until the journal has lines of exactly these images. */
  readonly untilAnnotated: (...images: string[]) => Promise<void>;
  readonly stop: (signal: NodeJS.Signals) => Promise<Finished>;
}

/** Watches photos. @param clockRate - How much faster its seconds pass. */
export function watch({ folder, out }: Photos, { clockRate = 5, flags = [] as string[] } = {}): RunningWatch {
  const env = { NODE_OPTIONS: `--import ${FAST_CLOCK}`, CLOCK_RATE: String(clockRate) };
  const running = new Running(['run', folder, ...EMOJI, '--out', out, '--watch', ...flags], { env });
  onTestFinished(() => void running.child.kill('SIGKILL'));
  const finished = running.finished();
  const until = async (isSo: () => Promise<boolean> | boolean) => {
    while (!(await isSo())) {
      if (running.child.exitCode !== null) throw new Error(`The watch has ended: ${running.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const annotated = async () => (await journalled(out)).map(({ image }) => image).sort();
  return {
    running,
    until,
    untilAnnotated: (...images) => until(async () => (await annotated()).join('\n') === images.sort().join('\n')),
    stop: (signal) => {
      running.child.kill(signal);
      return finished;
    },
  };
}
