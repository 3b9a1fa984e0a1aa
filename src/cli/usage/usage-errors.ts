import type { Command, CommanderError } from 'commander';
import { PreannotateError } from '../../core/errors.js';
import { capitalised, excerpt } from '../../core/text.js';
import { formatCommandPath, styleHelp } from '../help.js';
import { checkLongDashes, checkValues, missingValueError } from './check-values.js';
import { adviseCommand } from './suggest-command.js';
import { adviseOption } from './suggest-option.js';

/** An option that a command does not have. What was probably meant may be an option of another command. */
export class UnknownOptionError extends PreannotateError {}

/**
 * Makes a command throw what it would print before it ends the process.
 *
 * @returns The command. From then on, parsing throws PreannotateError USAGE with what was probably meant; a
 *   CommanderError is left for --help and --version, which have been printed.
 */
export function throwUsageErrors(command: Command): Command {
  const parseOptions = command.parseOptions.bind(command);
  command.parseOptions = (args) => {
    if (command.parent === null) checkLongDashes(args);
    if (command.commands.length === 0) checkValues(command, args);
    return parseOptions(args);
  };
  return styleHelp(command)
    .showSuggestionAfterError(false)
    .configureOutput({ outputError: () => {} }) // the caller prints the error
    .exitOverride((error) => {
      throw error.exitCode === 0 || error.code === 'commander.help' ? error : usageError(error, command);
    });
}

function usageError(error: CommanderError, command: Command): PreannotateError {
  const written = /'(.*)'/s.exec(error.message)?.[1] ?? '';
  const refuse = (message: string, hint: string) => new PreannotateError({ code: 'USAGE', message, hint });
  switch (error.code) {
    case 'commander.unknownOption':
      return unknownOptionError(written, command);
    case 'commander.unknownCommand':
      return unknownCommandError(written, command);
    case 'commander.optionMissingArgument':
      return missingValueError(command.options.find(({ flags }) => flags === written)!);
    default: {
      const problem = error.message.replace(/^error: /, '').replace(/\.$/, '');
      const hint = `Usage: ${formatCommandPath(command)} ${command.usage()}`;
      return refuse(`${excerpt(capitalised(problem))}.`, hint);
    }
  }
}

/** @param parent - The command below which there is none of this name. */
function unknownCommandError(word: string, parent: Command): PreannotateError {
  const message = `Unknown command '${excerpt(word)}'.`;
  return new PreannotateError({ code: 'USAGE', message, hint: adviseCommand(word, parent) });
}

/** `help rnu`, for which commander would show all commands. @throws PreannotateError USAGE */
export function checkHelpCommand([first, word]: readonly string[], program: Command): void {
  if (first !== 'help' || word === undefined || word.startsWith('-')) return;
  const isKnown = program.commands.some((command) => [command.name(), ...command.aliases(), 'help'].includes(word));
  if (!isKnown) throw unknownCommandError(word, program);
}

/** @param written - With the value, where that is joined by `=`. */
function unknownOptionError(written: string, command: Command): UnknownOptionError {
  const [, flag = written, value] = /^([^=]+)=(.*)$/s.exec(written) ?? [];
  const isSwitch = value !== undefined && command.options.some(({ long }) => long === flag);
  const negation = `--no-${flag.slice(2)}`;
  const isOff = /^(?:false|no|off|0)$/i.test(value ?? '') && command.options.some(({ long }) => long === negation);
  return new UnknownOptionError({
    code: 'USAGE',
    message: isSwitch ? `${flag} takes no value.` : `Unknown option '${excerpt(flag)}'.`,
    hint: isSwitch ? `Did you mean ${isOff ? negation : flag}?` : adviseOption(flag, command),
  });
}
