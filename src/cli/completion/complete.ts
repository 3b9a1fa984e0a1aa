import type { Argument, Command, Option } from 'commander';
import { FlagOption } from '../flags.js';
import type { ListedCommand } from '../listed-command.js';
import type { Flag } from '../../config/flags.js';
import { readCommandLine, type CommandLine } from './command-line.js';
import { SHELLS } from './scripts.js';
import {
  completeModels,
  completeOntologies,
  completeRuns,
  completeWords,
  FILES,
  FOLDERS,
  NOTHING,
  type Completion,
} from './values.js';

/** What an argument of a command stands for, by its name there. */
const ARGUMENTS: Readonly<Record<string, (typed: string, command: Command) => Promise<Completion> | Completion>> = {
  paths: () => FILES,
  images: () => FILES,
  dir: () => FOLDERS,
  'out-dir': (typed) => completeRuns(typed, FOLDERS),
  folders: (typed) => completeRuns(typed, FOLDERS),
  path: (typed) => completeRuns(typed, FILES),
  predictions: (typed) => completeRuns(typed, FILES),
  ref: (typed, command) => completeModels(typed, command.name() === 'pull'),
  shell: (typed) => completeWords(typed, { words: SHELLS, isList: false }),
};

/**
 * What can stand where a command line is being typed.
 *
 * @param words - After `preannotate`, up to the cursor; the last one is being typed and may be empty.
 * @param commands - All there are.
 */
export async function complete(words: readonly string[], commands: readonly ListedCommand[]): Promise<Completion> {
  const typed = words.at(-1) ?? '';
  const line = await readCommandLine(words.slice(0, -1), commands);
  if (line === undefined) return NOTHING;
  if (line.awaiting !== undefined) return await completeOption(line.awaiting, typed);
  const [, name, value] = /^(--[\w-]+=)(.*)$/s.exec(typed) ?? [];
  if (name !== undefined && !line.hasOnlyArguments) return await completeJoined(line, name, value!);
  if (typed.startsWith('-') && !line.hasOnlyArguments) return listOptions(line, typed);
  return await completeArgument(line, typed);
}

/** `--format=co`: candidates are the whole word. */
async function completeJoined(line: CommandLine, name: string, value: string): Promise<Completion> {
  const option = line.command?.options.find(({ long }) => `${long}=` === name);
  if (option === undefined || !(option.required || option.optional)) return NOTHING;
  const { candidates, others } = await completeOption(option, value);
  return { candidates: candidates.map((one) => ({ ...one, word: `${name}${one.word}` })), others };
}

async function completeOption(option: Option, typed: string): Promise<Completion> {
  const { name = option.name(), placeholder, choices } = flagOf(option);
  if (choices !== undefined) return completeWords(typed, choices);
  if (name === 'model') return await completeModels(typed, false);
  if (name === 'ontology') return await completeOntologies(typed);
  if (placeholder === 'dir') return FOLDERS;
  return placeholder === 'file' || placeholder === 'path' || name === 'config' ? FILES : NOTHING;
}

/** Options that are not given yet, or can be given again. */
function listOptions({ command, given }: CommandLine, typed: string): Completion {
  const options = command === undefined ? ROOT_OPTIONS : command.createHelp().visibleOptions(command).flatMap(toWords);
  const isGiven = ({ word, group }: OptionWord) => given.has(word) || group.some((other) => given.has(other));
  const candidates = options.filter((one) => one.word.startsWith(typed) && (one.repeatable || !isGiven(one)));
  return { candidates, others: 'none' };
}

interface OptionWord {
  readonly word: string;
  readonly group: readonly string[]; // other spellings of the option
  readonly repeatable: boolean;
  readonly description: string;
}

const ROOT_OPTIONS: readonly OptionWord[] = [
  { word: '--version', group: ['-V'], repeatable: false, description: 'Print the version' },
  { word: '--help', group: ['-h'], repeatable: false, description: 'Show help' },
];

function toWords(option: Option): OptionWord[] {
  const { long, short, description } = option;
  const word = long ?? short!;
  const group = short === undefined || long === undefined ? [] : [short];
  return [{ word, group, repeatable: flagOf(option).repeatable ?? false, description }];
}

async function completeArgument(line: CommandLine, typed: string): Promise<Completion> {
  const { command, argumentCount, hasOnlyArguments } = line;
  const below = line.below();
  if (below.length > 0) {
    const candidates = below.filter(({ word }) => word.startsWith(typed));
    return { candidates, others: 'none' };
  }
  const argument = command === undefined ? undefined : argumentAt(command.registeredArguments, argumentCount);
  if (argument !== undefined) return (await ARGUMENTS[argument.name()]?.(typed, command!)) ?? NOTHING;
  return hasOnlyArguments ? NOTHING : listOptions(line, typed);
}

function argumentAt(known: readonly Argument[], index: number): Argument | undefined {
  const last = known.at(-1);
  return known[index] ?? (last?.variadic ? last : undefined);
}

function flagOf(option: Option): Partial<Flag> {
  return option instanceof FlagOption ? option.flag : {};
}
