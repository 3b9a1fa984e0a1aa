import { Progress } from '../progress/bar.js';
import type { ProgressOptions } from '../progress/terminal.js';

/** What a command is told about what it writes on stderr. */
interface ProgressSettings {
  readonly quiet: boolean;
  readonly progress?: ProgressOptions['style']; // of commands that have --progress
}

/** Progress and notes of a command on stderr, as its options ask. */
export function createProgress({ quiet, progress: style = 'auto' }: ProgressSettings): Progress {
  return new Progress({ stream: process.stderr, quiet, style });
}
