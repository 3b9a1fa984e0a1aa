import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';

const NEEDS_NO_WORKER = /^(--help|-h|--dry-run|--queue(=.*)?)$/s;

/** What is known of a command before anything is loaded that reads its settings. */
export interface GivenCommand {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/**
 * Whether a command most likely starts a worker process on this machine. A wrong answer only costs time: the process is
 * started later, or not used.
 */
export function needsWorkerSoon(given: GivenCommand): boolean {
  const { args, environment } = given;
  const [command = ''] = args;
  if (!['run', 'predict', 'serve'].includes(command) || args.some((arg) => NEEDS_NO_WORKER.test(arg))) return false;
  if (command === 'serve') return true; // it has no queue
  return !environment['PREANNOTATE_QUEUE'] && !listConfigFiles(given).some(hasQueue);
}

/** The config files that the command may read: config/load.ts decides which one it is. */
function listConfigFiles({ args, environment, cwd }: GivenCommand): string[] {
  const flag = args.findIndex((arg) => arg === '--config' || arg.startsWith('--config='));
  const given = flag < 0 ? environment['PREANNOTATE_CONFIG'] : (args[flag]!.split('=', 2)[1] ?? args[flag + 1]);
  return (given ? [given] : ['preannotate.yaml', 'preannotate.yml']).map((file) => resolve(cwd, file));
}

function hasQueue(path: string): boolean {
  try {
    if (!statSync(path).isFile()) return false; // a pipe can be read only once
    return /^["']?queue["']?\s*:/m.test(readFileSync(path, 'utf8'));
  } catch {
    return false; // there is none, or it is reported once it is read
  }
}
