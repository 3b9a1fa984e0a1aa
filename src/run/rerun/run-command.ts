import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../disk/atomic.js';
import { readJsonFile } from '../../disk/json.js';

const FILE = '.preannotate/command.json';

/** How a run was started, so that it can be started again: what `run` or `annotate()` was given, and where. */
export const RunCommand = z.object({
  cwd: z.string(), // absolute
  paths: z.array(z.string()), // of images
  flags: z.record(z.string(), z.unknown()), // by key of the options, as they were given
  environment: z.record(z.string(), z.string()), // the variables that set options
  by_program: z.literal(true).exactOptional(), // by annotate(): no config file counts that is not named
});
export type RunCommand = z.output<typeof RunCommand>;

/** Keeps how a run was started, in its own folder. @throws PreannotateError WRITE_FAILED */
export async function saveRunCommand(outDir: string, command: RunCommand): Promise<void> {
  await replaceFile(join(outDir, FILE), `${JSON.stringify(command, undefined, 2)}\n`);
}

/** @returns undefined where it was not kept, or cannot be read: everything else about the run is known without it. */
export async function readRunCommand(outDir: string): Promise<RunCommand | undefined> {
  const refusal = { code: 'JOURNAL_DAMAGED', hint: 'Give the same `preannotate run` again.' } as const;
  return await readJsonFile(join(outDir, FILE), RunCommand, refusal).catch(() => undefined);
}
