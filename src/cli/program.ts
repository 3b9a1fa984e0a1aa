import { Command, CommanderError } from 'commander';
import { FAILURES, PreannotateError } from '../core/errors.js';
import { benchCommand } from './commands/bench/bench.js';
import { doctorCommand } from './commands/doctor.js';
import { evalCommand } from './commands/evaluation/eval.js';
import { exportCommand } from './commands/export.js';
import { initCommand } from './commands/init.js';
import { mergeCommand } from './commands/merge.js';
import { modelsCommand } from './commands/models.js';
import { promptsCommand } from './commands/evaluation/prompts.js';
import { runCommand } from './commands/run.js';
import { serveCommand } from './commands/serve.js';
import { workerCommand } from './commands/worker.js';
import { statsCommand } from './commands/data-sets/stats.js';
import { validateCommand } from './commands/data-sets/validate.js';
import { tuneCommand } from './commands/evaluation/tune.js';
import { throwUsageErrors } from './usage/usage-errors.js';
import { addHelpNotes } from './help.js';
import { Interrupted } from './interrupt.js';
import { printCause, printFailure, printUnexpected } from './output.js';
import { checkStdout, guardStreams } from './streams.js';
import { VERSION } from './version.js';

const EXAMPLES = `
Examples:
  preannotate run photos --class 'bottle=a bottle,glass bottle'
  preannotate export annotations --score-threshold 0.4
  preannotate serve --model builtin:emoji --ontology emoji
  preannotate models list
  preannotate run --help`;

/** Runs a command line. @returns The exit code; the only place that turns a failure into one. */
export async function main(args: readonly string[]): Promise<number> {
  guardStreams();
  return await checkStdout(await runCommandLine(args));
}

async function runCommandLine(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : FAILURES.USAGE.exitCode;
    if (error instanceof PreannotateError) {
      printFailure(error);
      if (isVerbose(args)) printCause(error);
      return FAILURES[error.code].exitCode;
    }
    printUnexpected(error);
    return 1;
  }
}

/** Known before the options are read, which may fail. */
function isVerbose(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  return options.includes('--verbose') || options.some((arg) => /^-q?v/.test(arg));
}

/** Every command. Parsing throws PreannotateError for wrong usage. */
export function createProgram(): Command {
  const program = new Command('preannotate')
    .description('Draft bounding boxes for folders of images from text prompts, for people to correct.')
    .version(VERSION);
  addHelpNotes(program, EXAMPLES);
  for (const command of [
    runCommand(),
    serveCommand(),
    exportCommand(),
    mergeCommand(),
    workerCommand(),
    benchCommand(),
    evalCommand(),
    tuneCommand(),
    promptsCommand(),
    validateCommand(),
    statsCommand(),
    initCommand(),
    modelsCommand(),
    doctorCommand(),
    versionCommand(),
  ]) {
    program.addCommand(command);
  }
  return throwUsageErrors(program);
}

function versionCommand(): Command {
  const command = new Command('version').description('Print the version, as --version does.').action(() => {
    process.stdout.write(`${VERSION}\n`);
  });
  return throwUsageErrors(command);
}
