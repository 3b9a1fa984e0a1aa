import { Progress } from '../progress/bar.js';
import { useJsonLog } from '../progress/log.js';
import type { ProgressOptions } from '../progress/terminal.js';

/** What a command is told about what it writes on stderr. */
export interface ProgressSettings {
  readonly quiet: boolean;
  readonly progress: NonNullable<ProgressOptions['style']>;
  readonly logFormat?: 'text' | 'json' | undefined;
}

/** Progress and notes of a command on stderr, as its options ask. What it prints about failures follows them too. */
export function createProgress({ quiet, progress: style, logFormat }: ProgressSettings): Progress {
  useJsonLog((logFormat ?? (style === 'json' ? 'json' : 'text')) === 'json');
  return new Progress({ stream: process.stderr, quiet, style });
}
