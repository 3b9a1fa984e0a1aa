import type { Command, Option } from 'commander';
import type { ListedCommand } from '../listed-command.js';
import type { Candidate } from './values.js';

/** A command line up to the word that is being typed. */
export interface CommandLine {
  readonly command: Command | undefined; // none yet
  readonly given: ReadonlySet<string>; // options, as they were typed
  readonly awaiting: Option | undefined; // the option whose value comes next
  readonly argumentCount: number;
  readonly hasOnlyArguments: boolean; // after --
  readonly below: () => Candidate[]; // commands that can come next
}

/** Reads the words before the cursor, and loads the command that they name. @returns undefined where it is unknown */
export async function readCommandLine(
  words: readonly string[],
  commands: readonly ListedCommand[],
): Promise<CommandLine | undefined> {
  let command: Command | undefined;
  let awaiting: Option | undefined;
  let argumentCount = 0;
  let hasOnlyArguments = false;
  let isHelp = false;
  const given = new Set<string>();
  for (const word of words) {
    if (awaiting !== undefined) awaiting = undefined;
    else if (word === '--') hasOnlyArguments = true;
    else if (word.startsWith('-') && !hasOnlyArguments) {
      const name = word.split('=', 1)[0]!;
      given.add(name);
      const option = command?.options.find(({ long, short }) => long === name || short === name);
      if (option?.required && name === word) awaiting = option;
    } else if (command === undefined && word === 'help' && !isHelp) isHelp = true;
    else if (command === undefined || command.commands.length > 0) {
      command = command === undefined ? await loadCommand(word, commands) : findBelow(command, word);
      if (command === undefined) return undefined;
    } else argumentCount++;
  }
  const isHelpComplete = isHelp && command !== undefined && command.commands.length === 0;
  if (isHelpComplete) return undefined; // `help run` takes nothing more
  return {
    command,
    given,
    awaiting,
    argumentCount,
    hasOnlyArguments,
    below: () => listBelow(command ?? commands, isHelp),
  };
}

async function loadCommand(name: string, commands: readonly ListedCommand[]): Promise<Command | undefined> {
  const listed = commands.find(({ declare }) => [declare().name(), ...declare().aliases()].includes(name));
  return listed && (await listed.define())(listed.declare());
}

function findBelow({ commands }: Command, name: string): Command | undefined {
  return commands.find((command) => [command.name(), ...command.aliases()].includes(name));
}

/** @param parent - A command, or all there are. */
function listBelow(parent: Command | readonly ListedCommand[], isHelp: boolean): Candidate[] {
  const isRoot = !('commands' in parent);
  const below = isRoot ? parent.map(({ declare }) => declare()) : parent.commands;
  const help = isRoot && !isHelp ? [{ word: 'help', description: 'Show the help of a command' }] : [];
  return [...below.map((each) => ({ word: each.name(), description: each.summary() || each.description() })), ...help];
}
