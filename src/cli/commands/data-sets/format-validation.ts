import { messageOf } from '../../../core/errors.js';
import { counted, printable } from '../../../core/text.js';
import { displayPath } from '../../../disk/display-path.js';
import { formats, type FormatName } from '../../../formats/index.js';
import type { Finding, Findings, RuleFindings } from '../../../validation/findings.js';
import { RULES } from '../../../validation/rules/rules.js';
import type { Checked } from '../../../validation/validate.js';

/** Prints what was found while it is found: all of it may not fit into memory. */
interface ValidationPrinter {
  readonly begin: (path: string) => void;
  readonly open: (path: string, format: FormatName) => void;
  readonly finding: (finding: Finding) => void;
  readonly close: (checked: Checked, findings: Findings) => void;
  readonly end: () => void;
  readonly fail: (error: unknown) => void; // instead of what would follow
}

export function createPrinter({ json, quiet }: { json: boolean; quiet: boolean }): ValidationPrinter {
  return json ? new JsonPrinter() : new TextPrinter(quiet);
}

/** One JSON document with all findings. */
class JsonPrinter implements ValidationPrinter {
  readonly #totals = { errors: 0, warnings: 0, infos: 0 };
  #sets = 0;
  #isOpen = false;
  #findings = 0;

  readonly begin = (path: string) => print(`{\n"path": ${JSON.stringify(path)},\n"data_sets": [`);

  readonly open = (path: string, format: FormatName) => {
    print(`${this.#sets++ === 0 ? '' : ','}\n{"path": ${JSON.stringify(displayPath(path))}, "format": "${format}",`);
    print('\n"findings": [');
    this.#findings = 0;
    this.#isOpen = true;
  };

  readonly finding = ({ rule, severity, file, line, entry, problem, breaks, fix }: Finding) => {
    const value = { rule, severity, file: displayPath(file), line, entry, problem, breaks, fix };
    print(`${this.#findings++ === 0 ? '' : ','}\n${JSON.stringify(value)}`);
  };

  readonly close = ({ images, boxes, classes, notes }: Checked, findings: Findings) => {
    const totals = totalsOf(findings);
    for (const key of ['errors', 'warnings', 'infos'] as const) this.#totals[key] += totals[key];
    const counts = Object.fromEntries(findings.byRule().map(({ rule, count }) => [rule, count]));
    print(`\n],\n${JSON.stringify({ images, boxes, classes, notes, counts, ...totals }).slice(1)}`);
    this.#isOpen = false;
  };

  readonly end = () => print(`\n],\n${JSON.stringify(this.#totals).slice(1, -1)}\n}\n`);

  /** Without counts, which would be of a part. */
  readonly fail = (error: unknown) =>
    print(`${this.#isOpen ? '\n]}' : ''}\n],\n"failed": ${JSON.stringify(printable(messageOf(error)))}\n}\n`);
}

/** The first few findings of each rule, with what they break. */
class TextPrinter implements ValidationPrinter {
  readonly #quiet: boolean;
  #title = '';

  /** @param quiet - Errors alone. */
  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  readonly begin = () => {};

  readonly open = (path: string, format: FormatName) => {
    this.#title = `${printable(displayPath(path))} (${formats[format].title})`;
  };

  readonly finding = () => {};

  readonly close = ({ images, boxes, classes }: Checked, findings: Findings) => {
    const { errors, warnings } = totalsOf(findings);
    const shown = findings.byRule().filter(({ rule }) => !this.#quiet || RULES[rule].severity === 'error');
    if (this.#quiet && shown.length === 0) return;
    const counts = [
      counted(images, 'image'),
      counted(boxes, 'box', 'boxes'),
      counted(classes, 'class', 'classes'),
      counted(errors, 'error'),
      counted(warnings, 'warning'),
    ];
    print(`${this.#title}: ${counts.join(', ')}\n${shown.map(formatRule).join('')}`);
  };

  readonly end = () => {};

  readonly fail = () => {};
}

function formatRule({ rule, count, first }: RuleFindings): string {
  const { severity, what, breaks, fix } = RULES[rule];
  const places = first.map(({ file, line, entry, problem }) => {
    const at = displayPath(file) + (line === undefined ? '' : `:${line}`) + (entry === undefined ? '' : `, ${entry}`);
    return `    ${printable(`${at}: ${problem}`)}\n`;
  });
  const more = count - first.length;
  const [own = fix] = first.map((finding) => finding.fix);
  return [
    `\n  ${severity} ${rule}: ${what}${count === 1 ? '' : ` (${count})`}\n`,
    ...places,
    ...(more > 0 ? [`    and ${more} more; --json has all\n`] : []),
    `    ${breaks}\n    Fix: ${own}\n`,
  ].join('');
}

function totalsOf(findings: Findings) {
  return { errors: findings.count('error'), warnings: findings.count('warning'), infos: findings.count('info') };
}

function print(text: string): void {
  process.stdout.write(text);
}
