import type { Command, Option } from 'commander';
import { findNearest } from '../../disk/nearest.js';
import { formatCommandPath } from '../help.js';
import { findOurOptions, namesImages, normaliseName } from './other-tools.js';

/** A beginning of this many letters is enough to recognise an option. */
const MIN_PREFIX = 4;

/**
 * What to do about an option that a command does not have.
 *
 * @param flag - As it was typed, with its hyphens and without a value: `--conf`, `-j`.
 * @returns The option that was meant, by its name in other programs or as the nearest spelling; where none fits, how to
 *   see all.
 */
export function adviseOption(flag: string, command: Command): string {
  const all = `See ${formatCommandPath(command)} --help.`;
  if (command.parent === null) return adviseBeforeCommand(flag, command);
  const name = normaliseName(flag);
  const known = namesOf(command);
  const same = known.find((option) => normaliseName(option) === name);
  if (same !== undefined) return `Did you mean ${same}?`;
  const ours = findOurOptions(name).filter((option) => known.includes(option.split(' ')[0]!));
  if (ours.length > 0) return `Did you mean ${formatChoice(ours)}?`;
  const takesImages = command.registeredArguments.some((argument) => argument.name() === 'paths');
  if (namesImages(name) && takesImages) {
    return `Images are given without an option: ${formatCommandPath(command)} photos`;
  }
  const isNearMiss = flag.length > 2 && findOurOptions(name).length === 0;
  const nearest = isNearMiss ? findBySpelling(flag, known) : undefined;
  if (nearest !== undefined) return `Did you mean ${nearest}?`;
  const others = findOtherCommands(flag, command);
  return others.length > 0 ? `It is an option of other commands: ${others.join(', ')}. ${all}` : all;
}

/** Options of commands follow the command; `preannotate` alone has hardly any. */
function adviseBeforeCommand(flag: string, program: Command): string {
  const example = `${program.name()} run photos ${flag}`;
  if (flag === '-v') return `Did you mean --version? --verbose follows a command: ${example}`;
  const [run] = program.commands;
  const name = normaliseName(flag);
  const isOfCommand = program.commands.some((command) => namesOf(command).includes(flag));
  if (isOfCommand) return `Options follow the command: ${example}`;
  const [ours] = findOurOptions(name).filter((option) => namesOf(run!).includes(option.split(' ')[0]!));
  if (ours !== undefined) return `Did you mean ${program.name()} run photos ${ours}?`;
  const nearest = findBySpelling(flag, namesOf(program));
  return nearest === undefined ? `See ${program.name()} --help.` : `Did you mean ${nearest}?`;
}

/** The option with nearly these letters, or the only one that begins with them. */
function findBySpelling(flag: string, known: readonly string[]): string | undefined {
  const written = flag.replace(/^-+/, '').replaceAll('_', '-').toLowerCase();
  const names = known.filter((option) => option.startsWith('--')).map((option) => option.slice(2));
  const started = names.filter((option) => option.startsWith(written));
  const meant = written.length >= MIN_PREFIX && started.length === 1 ? started[0] : findNearest(written, names);
  return meant === undefined ? undefined : `--${meant}`;
}

function findOtherCommands(flag: string, { parent }: Command): string[] {
  const others = parent!.commands.filter((command) => namesOf(command).includes(flag));
  return others.map((other) => other.name());
}

/** `a, b or c` */
function formatChoice(items: readonly string[]): string {
  return items.length === 1 ? items[0]! : `${items.slice(0, -1).join(', ')} or ${items.at(-1)!}`;
}

function namesOf({ options }: Command): string[] {
  const names = ({ long, short }: Option) => [long, short].filter((name) => name !== undefined);
  return [...options.flatMap(names), '--help', '-h'];
}
