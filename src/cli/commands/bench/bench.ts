import type { Command } from 'commander';
import { BenchConfig } from '../../../config/schema.js';
import { addFlags, loadCommand, readGivenFlags } from '../../flags.js';
import { createProgress } from '../../create-progress.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { abortOnSignals } from '../../interrupt.js';
import { printJson } from '../../output.js';

const EXAMPLES = `
Examples:
  preannotate bench
  preannotate bench photos --model google/owlv2-base-patch16-ensemble
  preannotate bench --precision int8 --json
  preannotate bench --forget

Without images it measures with pictures of 1 to 1.5 megapixels that come with the package.`;

const REFERENCE: Reference = {
  exits: { 130: 'stopped by Ctrl-C', 143: 'stopped by SIGTERM' },
  environment: ['options', 'hub', 'cuda'],
};

export function defineBench(command: Command): Command {
  command.action(async (paths: string[]) => {
    const { settings } = await loadCommand(command, BenchConfig);
    if (settings.forget) await forget(settings);
    else await measure(paths, { flags: readGivenFlags(command, BenchConfig), ...settings });
  });
  return addHelpNotes(addFlags(command, BenchConfig), EXAMPLES, REFERENCE);
}

// Modules that only this command needs are imported dynamically, so that other commands start faster.

async function forget({ json, quiet }: { json: boolean; quiet: boolean }): Promise<void> {
  const { forgetMeasured } = await import('../../../workers/measured/measured-settings.js');
  await forgetMeasured();
  if (json) printJson({ forgotten: true });
  else if (!quiet) process.stdout.write('What was measured earlier is forgotten.\n');
}

interface MeasureOptions {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly budget: number; // milliseconds
  readonly json: boolean;
  readonly quiet: boolean;
}

async function measure(paths: readonly string[], { flags, budget, json, quiet }: MeasureOptions): Promise<void> {
  const { createBenchJob, loadAsRun } = await import('./bench-job.js');
  const { bench } = await import('../../../bench/bench.js');
  const { findModel, findModelHere } = await import('../../../model/source.js');
  const { formatBench, configLines, toJson } = await import('./format-bench.js');
  const signal = abortOnSignals('Nothing is remembered.', { quiet });
  const loaded = await loadAsRun(flags);
  const { model, precision: requested } = loaded.settings;
  const job = await createBenchJob(paths, loaded, budget);
  const progress = createProgress(loaded.settings);
  using watcher = progress.download();
  const result = await bench(job, {
    findModel: async (precision) => {
      const options = { precision, watcher, signal, variables: process.env };
      return await (precision === requested ? findModel : findModelHere)(model, options);
    },
    note: (message) => progress.note(message),
    signal,
  });
  if (json) {
    const config = result.best.map((setting) => `${configLines(setting).join('\n')}\n`);
    printJson({ model, ...toJson(result), config });
  } else if (!quiet) process.stdout.write(formatBench(result, model));
}
