import { CommanderError, Option, type Command } from 'commander';
import type { Flag } from '../config/flags.js';
import { fitText, formatReference, type Reference } from './help-reference.js';

const WIDTH = 110;

/** A command with more options than this has a short help besides the whole one. */
const FEW_OPTIONS = 10;

/** How help looks: not wider than one reads well, with bold headings where the terminal has colours. */
const helpWidth = Math.min(process.stdout.columns || WIDTH, WIDTH);
const STYLE = { helpWidth, styleTitle: bold };

/** Commands of which the short help is asked for. */
const brief = new WeakSet<Command>();

/** Gives a command the style of its help. */
export function styleHelp(command: Command): Command {
  return command.configureHelp({ ...command.configureHelp(), ...STYLE });
}

/**
 * Adds what follows the options. Lines that end with a colon and are not indented become headings.
 *
 * @param text - Examples, then remarks behind an empty line, which the short help leaves out.
 */
export function addHelpNotes(command: Command, text: string, reference?: Reference): Command {
  const [examples = ''] = text.trimStart().split('\n\n', 1);
  const whole = reference === undefined ? text : `${text.trimEnd()}\n\n${formatReference(reference)}`;
  const inStyle = (part: string) => fitText(part, helpWidth).replaceAll(/^\S.*:$/gm, bold);
  return command.addHelpText('after', () => inStyle(brief.has(command) ? `\n${examples}` : whole));
}

/** Adds what prints the help of a command that has others below it. */
export function addGroupHelp(command: Command): Command {
  return command.helpOption('-h, --help', 'Show this help').helpCommand('help [command]', 'Show the help of a command');
}

/**
 * Adds the flags that print help. Where there are many options, -h lists those that matter first, and --help all.
 *
 * @param flags - Options of the command.
 */
export function addHelpFlags(command: Command, flags: readonly Flag[], heading: string): void {
  if (flags.length <= FEW_OPTIONS) {
    command.addHelpOption(new Option('-h, --help', 'Show this help').helpGroup(heading));
    return;
  }
  const basic = new Set(['-h', ...flags.filter(({ basic }) => basic).map(({ name }) => `--${name}`)]);
  let note = '';
  command
    .addOption(new Option('-h', 'Show the options that matter first').helpGroup(heading))
    .addHelpOption(new Option('--help', 'Show all options').helpGroup(heading))
    .addHelpText('after', () => note)
    .on('option:h', () => {
      for (const option of command.options) option.hidden = !basic.has((option.long ?? option.short)!);
      brief.add(command);
      note = `\nThese are the options that matter first. All options: ${formatCommandPath(command)} --help`;
      command.outputHelp();
      throw new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)');
    });
}

/** The command as a user types it: `preannotate run`. */
export function formatCommandPath(command: Command): string {
  return command.parent === null ? command.name() : `${formatCommandPath(command.parent)} ${command.name()}`;
}

function bold(text: string): string {
  return `\u001b[1m${text}\u001b[22m`; // commander removes it where the output has no colours
}
