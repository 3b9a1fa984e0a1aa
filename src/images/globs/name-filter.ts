import { counted, printable } from '../../core/text.js';
import type { Place } from './existing-path.js';
import { assertMatchable, isCostly } from './glob-limits.js';
import { isPattern } from './pattern-text.js';
import { readPattern } from './read-pattern.js';
import type { Rule } from './rules.js';
import { countMatches, suggestPattern } from './suggest-pattern.js';

/** Values of --include and --exclude, in the order in which they were given. */
export interface Patterns {
  readonly include: readonly string[]; // none: everything
  readonly exclude: readonly string[];
}

/** Which names --include and --exclude leave. Later patterns take precedence over earlier ones. */
export class NameFilter {
  readonly #patterns: readonly (readonly Rule[][])[]; // what each of them can mean
  readonly #place: Place;
  readonly #used = new Set<Rule>();
  readonly #takesBack: boolean;
  #rules: readonly Rule[] = [];
  #included: readonly Rule[] = [];
  #excluded: readonly Rule[] = [];

  private constructor(patterns: readonly (readonly Rule[][])[], place: Place) {
    this.#patterns = patterns;
    this.#place = place;
    this.#takesBack = patterns.flat(2).some(({ option, isNegated }) => option === 'exclude' && isNegated);
    this.#setRules(patterns.filter((readings) => readings.length === 1).flatMap(([reading]) => reading!));
  }

  #setRules(rules: readonly Rule[]): void {
    this.#rules = rules;
    this.#included = rules.filter(({ option }) => option === 'include');
    this.#excluded = rules.filter(({ option }) => option === 'exclude');
  }

  /** @throws PreannotateError USAGE for a glob with too many alternatives. */
  static async create({ include, exclude }: Patterns, place: Place): Promise<NameFilter> {
    const included = include.map((pattern) => readPattern(pattern, 'include', place));
    const excluded = exclude.map((pattern) => readPattern(pattern, 'exclude', place));
    return new NameFilter(await Promise.all([...included, ...excluded]), place);
  }

  /**
   * Whether a folder is excluded as a whole, so that it need not be listed. None is where a pattern takes something
   * back.
   *
   * @param folder - Relative to the root.
   */
  excludesFolder(folder: string): boolean {
    if (this.#takesBack) return false;
    const found = this.#excluded.filter((rule) => !isCostlyRule(rule) && rule.matchesFolder(folder));
    found.forEach((rule) => this.#used.add(rule));
    return found.length > 0;
  }

  /**
   * Filters all names that were listed, and decides by them what ambiguous patterns mean.
   *
   * @throws PreannotateError USAGE for a glob that takes too long.
   */
  select(names: readonly string[]): ReadonlySet<string> {
    const globs = this.#patterns.flat(2).flatMap(({ glob }) => glob ?? []);
    assertMatchable(globs, names);
    this.#setRules(this.#patterns.flatMap((readings) => chooseReading(readings, names)));
    return new Set(names.filter((name) => this.#accepts(name)));
  }

  /**
   * A sentence for each pattern that matched nothing, with one that would, and for each that was taken for an existing
   * path and means more as a pattern. An existing path may be excluded whether it holds images or not.
   */
  describe(names: readonly string[]): string[] {
    const isExisting = ({ option, path, isNegated }: Rule) => option === 'exclude' && path !== undefined && !isNegated;
    const isUnused = (rule: Rule) => !this.#used.has(rule) && !isExisting(rule);
    const unused = this.#rules.filter(isUnused).map((rule) => this.#describeUnused(rule, names));
    return [...unused, ...this.#rules.flatMap((rule) => describeLiteral(rule, names))];
  }

  #accepts(name: string): boolean {
    let isIn = this.#included[0]?.isNegated ?? true; // `--include '!a'` alone: everything but a
    for (const rule of this.#included) if (rule.matches(name)) isIn = this.#use(rule, isIn, !rule.isNegated);
    let isOut = false;
    for (const rule of this.#excluded) if (rule.matches(name)) isOut = this.#use(rule, isOut, !rule.isNegated);
    return isIn && !isOut;
  }

  /** A negated pattern is only used where it changes what earlier ones decided. */
  #use(rule: Rule, before: boolean, after: boolean): boolean {
    if (!rule.isNegated || before !== after) this.#used.add(rule);
    return after;
  }

  #describeUnused(rule: Rule, names: readonly string[]): string {
    const given = quote(rule);
    if (rule.isNegated && rule.option === 'exclude' && names.some((name) => rule.matches(name))) {
      const instead = `--include "${printable(rule.written.slice(1))}"`;
      return `${given} changes nothing: no --exclude before it matches these files. To keep only them, use ${instead}.`;
    }
    if (rule.path !== undefined) return `${given} matches nothing: no file was listed there.`;
    const suggestion = suggestPattern(rule, names, this.#place);
    const { root, label = printable(root) } = this.#place;
    return `${given} matches nothing. ${suggestion ?? `Patterns are relative to ${label}.`}`;
  }
}

/** The first reading that matches something; the first of all where none does. */
function chooseReading(readings: readonly Rule[][], names: readonly string[]): readonly Rule[] {
  if (readings.length === 1) return readings[0]!;
  const isUsed = (reading: readonly Rule[]) => reading.some((rule) => names.some((name) => rule.matches(name)));
  return readings.find(isUsed) ?? readings[0]!;
}

/** `[ab].jpg` may be a file, although it would match others as a pattern. */
function describeLiteral(rule: Rule, names: readonly string[]): string[] {
  if (rule.path === undefined || !isPattern(rule.written)) return [];
  const others = countMatches(
    rule.written.replace(/^!/, ''),
    rule,
    names.filter((name) => !rule.matches(name)),
  );
  const files = counted(others, 'other file');
  return others === 0 ? [] : [`${quote(rule)} is taken for the existing path; as a pattern, it would match ${files}.`];
}

function quote({ option, written }: Rule): string {
  return `--${option} "${printable(written)}"`;
}

function isCostlyRule({ glob }: Rule): boolean {
  return glob !== undefined && isCostly(glob);
}
