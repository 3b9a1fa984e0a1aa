import { CommanderError, Option, type Command } from 'commander';
import type { Flag } from '../config/flags.js';

const WIDTH = 110;

/** A command with more options than this has a short help besides the whole one. */
const FEW_OPTIONS = 10;

/** How help looks: not wider than one reads well, with bold headings where the terminal has colours. */
const STYLE = { helpWidth: Math.min(process.stdout.columns || WIDTH, WIDTH), styleTitle: bold };

/** Gives a command the style of its help. */
export function styleHelp(command: Command): Command {
  return command.configureHelp({ ...command.configureHelp(), ...STYLE });
}

/** Adds a text below the options. Lines that end with a colon and are not indented become headings. */
export function addHelpNotes(command: Command, text: string): Command {
  return command.addHelpText('after', text.replaceAll(/^\S.*:$/gm, bold));
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
