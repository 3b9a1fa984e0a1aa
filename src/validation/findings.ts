import { RULES, ruleIds, type RuleId } from './rules/rules.js';
import type { Severity } from './rules/rule.js';

/** A mistake, as a check finds it. */
export interface Mistake {
  readonly rule: RuleId;
  readonly file: string; // absolute
  readonly line?: number | undefined; // from 1
  readonly entry?: string | undefined; // in the file: `annotation 17`
  readonly problem: string; // what is wrong there, in a few words that follow the place
  readonly fix?: string | undefined; // left out: that of the rule
}

/** A mistake with what its rule says. */
export interface Finding extends Mistake {
  readonly severity: Severity;
  readonly breaks: string;
  readonly fix: string;
}

/** Takes mistakes. */
export type Report = (mistake: Mistake) => void;

/** How many findings there are of a rule, and the first of them. */
export interface RuleFindings {
  readonly rule: RuleId;
  readonly count: number;
  readonly first: readonly Finding[];
}

/** Counts findings by rule, and keeps the first of each: a data set may have millions. */
export class Findings {
  readonly #kept: number;
  readonly #onFinding: (finding: Finding) => void;
  readonly #byRule = new Map<RuleId, { count: number; first: Finding[] }>();

  /**
   * @param kept - Of each rule.
   * @param onFinding - Called for all of them.
   */
  constructor(kept: number, onFinding: (finding: Finding) => void = () => {}) {
    this.#kept = kept;
    this.#onFinding = onFinding;
  }

  readonly report: Report = (mistake) => {
    const { severity, breaks, fix } = RULES[mistake.rule];
    const finding = { ...mistake, severity, breaks, fix: mistake.fix ?? fix };
    const entry = this.#byRule.get(mistake.rule) ?? { count: 0, first: [] };
    entry.count++;
    if (entry.first.length < this.#kept) entry.first.push(finding);
    this.#byRule.set(mistake.rule, entry);
    this.#onFinding(finding);
  };

  count(severity: Severity): number {
    const counts = [...this.#byRule].map(([rule, { count }]) => (RULES[rule].severity === severity ? count : 0));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** In the order of the table of rules. */
  byRule(): RuleFindings[] {
    return ruleIds.flatMap((rule) => {
      const found = this.#byRule.get(rule);
      return found === undefined ? [] : [{ rule, ...found }];
    });
  }
}

/** Splits the place that a reader names into file, line and entry. */
export function splitPlace(where: string): Pick<Mistake, 'file' | 'line' | 'entry'> {
  const entry = /^(.+?), ((?:image|annotation|task|item|result|categories|images|annotations)\b.*)$/s.exec(where);
  if (entry !== null) return { file: entry[1]!, entry: entry[2]! };
  const line = /^(.+):(\d+)$/s.exec(where);
  return line === null ? { file: where } : { file: line[1]!, line: Number(line[2]) };
}
