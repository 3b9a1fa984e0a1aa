import type { z } from 'zod';
import { FAILURES, PreannotateError, type FailureCode } from '../core/errors.js';
import { excerpt } from '../core/text.js';
import { findNearest } from '../disk/nearest.js';
import type { YamlPath } from './yaml.js';

/** Something that is wrong in a config file, a variable, a flag or an ontology. */
export interface ConfigProblem {
  readonly message: string; // begins with where it is
  readonly advice?: string;
}

/** How messages name the parts of an input. */
export interface InputNames {
  /** How a sentence about the value at a path begins: `--nms-iou`, or `yard.yaml:3:10: nms_iou`. */
  readonly subject: (path: YamlPath) => string;
  /** Where the key at a path was written. */
  readonly whereKey: (path: YamlPath) => string;
  /** The keys that could stand where this path leads. */
  readonly knownKeys: (path: YamlPath) => readonly string[];
  /** Words that the value at a path could be, where it is not one of a fixed set. */
  readonly words?: (path: YamlPath) => readonly string[];
  /** The scalar at a path as it was spelled, where that is known. */
  readonly spelled?: (path: YamlPath) => string | undefined;
  /** Whether the input is JSON, whose kinds of values have other names than those of YAML. */
  readonly isJson?: boolean;
}

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** A longer list of problems is not read. */
const MAX_SHOWN = 20;

/** One error for all problems: a message of a line each, and what to do about them. */
export function problemsError(code: FailureCode, problems: readonly ConfigProblem[]): PreannotateError {
  const shown = problems.slice(0, MAX_SHOWN);
  const more = problems.length - shown.length;
  const message = [...shown.map((problem) => problem.message), ...(more > 0 ? [`… and ${more} more.`] : [])].join('\n');
  const advice = [...new Set(shown.flatMap(({ advice }) => advice ?? []))];
  const forClients = advice.filter((text) => !/--\w/.test(text)); // who have no options of the command line
  return new PreannotateError({
    code,
    message,
    hint: advice.length > 0 ? advice.join(' ') : (FAILURES[code].hint ?? ''),
    ...(code === 'ONTOLOGY_INVALID' && forClients.length > 0 ? { clientHint: forClients.join(' ') } : {}),
  });
}

/** The issues that a schema found, in sentences. Parse with `reportInput: true`. */
export function describeIssues(error: z.ZodError, source: InputNames): ConfigProblem[] {
  return error.issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code !== 'unrecognized_keys') return [describeIssue(issue, source)];
    const known = source.knownKeys(issue.path);
    return issue.keys.map((key) => unknownKeyProblem({ where: source.whereKey([...issue.path, key]), key, known }));
  });
}

/** An unknown key, with the one that was probably meant. */
export function unknownKeyProblem({
  where,
  key,
  known,
}: {
  where: string;
  key: string;
  known: readonly string[];
}): ConfigProblem {
  const advice = suggestNearest(key, known) ?? `The keys there are: ${known.join(', ')}.`;
  return { message: `${where}: unknown key "${excerpt(key)}".`, advice };
}

function describeIssue(issue: z.core.$ZodIssue, source: InputNames): ConfigProblem {
  const predicate = predicateOf(issue, source);
  const actual = predicate.startsWith('must ') ? `, not ${describeValue(issue.input, source)}` : '';
  const advice = adviceFor(issue, source);
  return {
    message: `${source.subject(issue.path)} ${predicate}${actual}.`,
    ...(advice === undefined ? {} : { advice }),
  };
}

function predicateOf(issue: z.core.$ZodIssue, { isJson = false }: InputNames): string {
  switch (issue.code) {
    case 'invalid_type': {
      const kind = KINDS[issue.expected] ?? issue.expected;
      return `must be ${isJson && kind === 'a mapping' ? 'a JSON object' : kind}`;
    }
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' || issue.origin === 'array' ? 'is empty' : `must be at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'array' ? `has more than ${issue.maximum} items` : `must be at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function adviceFor(issue: z.core.$ZodIssue, { spelled, words }: InputNames): string | undefined {
  const { input } = issue;
  const { advice } = (issue.code === 'custom' ? issue.params : undefined) ?? {};
  if (issue.code === 'custom' && issue.params !== undefined) return typeof advice === 'string' ? advice : undefined;
  if (typeof input === 'string' && words !== undefined && issue.code !== 'invalid_value')
    return suggestNearest(input, words(issue.path));
  if (issue.code === 'custom') return undefined;
  if (issue.code === 'invalid_value' && typeof input === 'string')
    return suggestNearest(OTHER_WORDS[input.toLowerCase()] ?? input, issue.values.map(String));
  if (issue.code === 'too_big' && isPercentage(input, Number(issue.maximum)))
    return `Did you mean ${Number(input) / 100}?`;
  const isScalar = typeof input === 'number' || typeof input === 'boolean';
  if (issue.code === 'invalid_type' && issue.expected === 'string' && isScalar)
    return `Put quotes around it: "${spelled?.(issue.path) ?? String(input)}".`;
  if (issue.code === 'invalid_type' && issue.expected === 'array' && typeof input === 'string' && input.includes(','))
    return `Write a list: [${excerpt(input)}]; or ["${excerpt(input)}"] if it is one text.`;
  return undefined;
}

/** What other programs call the words of an option. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  ...{
    half: 'fp16',
    float16: 'fp16',
    f16: 'fp16',
    float32: 'fp32',
    f32: 'fp32',
    full: 'fp32',
    q8: 'int8',
    uint8: 'int8',
  },
  ...{ ultralytics: 'yolo', yolov5: 'yolo', yolov8: 'yolo', yolo11: 'yolo', darknet: 'yolo', txt: 'yolo' },
  ...{ mscoco: 'coco', json: 'coco', link: 'symlink', links: 'symlink', symlinks: 'symlink', copies: 'copy' },
  ...{ warning: 'warn', trt: 'tensorrt' },
};

/** Whether a whole number is in percent, where a share was wanted. */
function isPercentage(value: unknown, maximum: number): boolean {
  return Number.isInteger(value) && maximum <= 1 && Number(value) > 1 && Number(value) / 100 <= maximum;
}

function suggestNearest(word: string, known: readonly string[]): string | undefined {
  const meant = findNearest(word, known);
  return meant === undefined ? undefined : `Did you mean "${meant}"?`;
}

/** A path as text: `classes[0].prompts[1]`. */
export function formatPath(path: YamlPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = String(step);
    const quoted = /^\w+$/.test(name) ? name : `"${excerpt(name)}"`;
    return text === '' ? quoted : `${text}.${quoted}`;
  }, '');
}

/** A value as a message states it. Values of classes, which no file can have, come from programs. */
export function describeValue(value: unknown, { isJson = false }: Pick<InputNames, 'isJson'> = {}): string {
  if (typeof value === 'string') return `"${excerpt(value)}"`;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (value === undefined || value === null) return isJson ? 'null' : 'nothing';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'a list';
  const { name = '' } = ((value as { constructor?: unknown }).constructor ?? {}) as { name?: unknown };
  if (typeof name !== 'string' || name === '' || name === 'Object') return isJson ? 'an object' : 'a mapping';
  return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${excerpt(name)}`;
}
