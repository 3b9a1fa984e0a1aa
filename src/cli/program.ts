import { Command, CommanderError, Option, type ParseOptions } from 'commander';
import { FAILURES, PreannotateError } from '../core/errors.js';
import { checkHelpCommand, throwUsageErrors, UnknownOptionError } from './usage/usage-errors.js';
import { COMMANDS, OTHER_COMMANDS } from './command-list.js';
import type { ListedCommand } from './listed-command.js';
import { addGroupHelp, addHelpNotes } from './help.js';
import { asksForJson } from './asks-for-json.js';
import { useJsonLog } from '../progress/log.js';
import { Interrupted } from './interrupted.js';
import { causesOf, printFailure, printUnexpected } from './output.js';
import { checkStdout, guardStreams } from './streams.js';
import { VERSION } from '../disk/version.js';

const EXAMPLES = `
Examples:
  preannotate run photos --class 'bottle=a bottle,glass bottle'
  preannotate export annotations --score-threshold 0.4
  preannotate serve --model builtin:emoji --ontology emoji
  preannotate models list
  preannotate run --help

What all commands share (exit codes, progress, colours, environment variables): fixtures/docs/command-line.md of the
package. Output folders are ./annotations unless --out names another.`;

/** Runs a command line. @returns The exit code; the only place that turns a failure into one. */
export async function main(args: readonly string[]): Promise<number> {
  guardStreams();
  return await checkStdout(await runCommandLine(args));
}

async function runCommandLine(args: readonly string[]): Promise<number> {
  const [command, separator, ...words] = args;
  if (command === 'complete' && separator === '--') return await completeWords(words);
  useJsonLog(asksForJson(args, process.env));
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : FAILURES.USAGE.exitCode;
    if (error instanceof PreannotateError) {
      printFailure(error, isVerbose(args) ? causesOf(error) : []);
      return FAILURES[error.code].exitCode;
    }
    printUnexpected(error);
    return 1;
  }
}

/** What the scripts of `preannotate completion` call. Nothing is printed where it fails: a command is being typed. */
async function completeWords(words: readonly string[]): Promise<number> {
  try {
    const { printCompletion } = await import('./completion/print-completion.js');
    await printCompletion(words, COMMANDS);
    return 0;
  } catch {
    return 1;
  }
}

/** Known before the options are read, which may fail. */
function isVerbose(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end === -1 ? args : args.slice(0, end);
  return options.includes('--verbose') || options.some((arg) => /^-q?v/.test(arg));
}

/**
 * Reads command lines. The command that is given is loaded, and where it does not have an option, all of them: it may
 * be one of another command. Parsing throws PreannotateError for wrong usage.
 */
export function createProgram(): Pick<Command, 'parseAsync'> {
  return {
    async parseAsync(args: readonly string[], options?: ParseOptions) {
      const program = await buildProgram((command) => isNamed(command.declare(), args));
      checkHelpCommand(args, program);
      try {
        return await program.parseAsync(args, options);
      } catch (error) {
        if (!(error instanceof UnknownOptionError)) throw error;
        return await (await buildProgram(() => true)).parseAsync(args, options);
      }
    },
  };
}

/** @param isNeeded - Whether a command may be called or asked for help: else it is listed only. */
export async function buildProgram(isNeeded: (command: ListedCommand) => boolean): Promise<Command> {
  const program = new Command('preannotate')
    .description('Draft bounding boxes for folders of images from text prompts, for people to correct.')
    .version(VERSION, '-V, --version', 'Print the version')
    .commandsGroup(OTHER_COMMANDS);
  addHelpNotes(addGroupHelp(program), EXAMPLES);
  for (const listed of COMMANDS) {
    program.addCommand(isNeeded(listed) ? (await listed.define())(listed.declare()) : describeCommand(listed));
  }
  program.addCommand(versionCommand());
  return throwUsageErrors(program);
}

/** A command as `--help` lists it. */
function describeCommand({ declare, hasNoOptions = false }: ListedCommand): Command {
  const command = declare();
  return hasNoOptions ? command : command.addOption(new Option('--any')); // so that it is listed with [options]
}

/** Whether the name of a command is among the arguments; that of a folder or a value may be the same. */
function isNamed(command: Command, args: readonly string[]): boolean {
  return [command.name(), ...command.aliases()].some((name) => args.includes(name));
}

function versionCommand(): Command {
  const command = new Command('version').description('Print the version, as --version does.').action(() => {
    process.stdout.write(`${VERSION}\n`);
  });
  return throwUsageErrors(command.helpOption('-h, --help', 'Show this help'));
}
