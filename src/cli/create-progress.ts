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

/** Whether a command line asks for JSON on stderr, before its options are read, which may fail. */
export function asksForJson(args: readonly string[], environment: NodeJS.ProcessEnv): boolean {
  const valueOf = (name: string, variable: string) => {
    const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
    return at === -1 ? environment[variable] : (args[at]!.split('=', 2)[1] ?? args[at + 1]);
  };
  const format = valueOf('--log-format', 'PREANNOTATE_LOG_FORMAT');
  return (format || valueOf('--progress', 'PREANNOTATE_PROGRESS')) === 'json';
}
