/** How two jobs differ. */
export type Difference = (ValueDifference | ListDifference | OnlyInOne) & {
  readonly finish?: string; // what to do, to go on with the earlier one
};

interface ValueDifference {
  readonly kind: 'value';
  readonly of: string;
  readonly was: string;
  readonly is: string;
}

/** Of a long list, what only one of them has; nothing where their order differs. */
interface ListDifference {
  readonly kind: 'list';
  readonly of: string;
  readonly lost: readonly string[];
  readonly added: readonly string[];
}

interface OnlyInOne {
  readonly kind: 'only';
  readonly what: string;
  readonly isLater: boolean; // the later one has it
}

const NAMED = 10; // in a message
const LISTED = 8; // of a longer list, only what differs is shown

/** All values that differ, in the order of `before`; those that only `now` has come last. */
export function findDifferences(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) => {
    const [was, is] = [before[key], now[key]];
    return format(was) === format(is) ? [] : [compareValues(key, was, is)];
  });
}

/** The difference of two values that differ. */
export function compareValues(of: string, before: unknown, later: unknown): Difference {
  const isLong = Array.isArray(before) && Array.isArray(later) && Math.max(before.length, later.length) > LISTED;
  if (!isLong) return { kind: 'value', of, was: format(before), is: format(later) };
  const [was, is] = [before.map(format), later.map(format)];
  return { kind: 'list', of, lost: without(was, is), added: without(is, was) };
}

/** Of an earlier job and a later one: `precision was "fp32"; now it is "int8"`. */
export function describeChange(difference: Difference): string {
  if (difference.kind === 'only')
    return `${difference.what} ${difference.isLater ? 'was not there' : 'is missing now'}`;
  if (difference.kind === 'value') return `${difference.of} was ${difference.was}; now it is ${difference.is}`;
  const { of, lost, added } = difference;
  if (lost.length + added.length === 0) return `the order of ${of} is another one`;
  const parts = [
    ...(lost.length === 0 ? [] : [`no longer has ${summarize(lost)}`]),
    ...(added.length === 0 ? [] : [`has ${summarize(added)} now`]),
  ];
  return `${of} ${parts.join(', and ')}`;
}

/** Of two jobs side by side: `precision is "int8" in part 2, "fp32" in part 1`. */
export function describeSides(difference: Difference, { before, later }: { before: string; later: string }): string {
  if (difference.kind === 'only') return `${difference.what} is in ${difference.isLater ? later : before} only`;
  if (difference.kind === 'value')
    return `${difference.of} is ${difference.is} in ${later}, ${difference.was} in ${before}`;
  const { of, lost, added } = difference;
  if (lost.length + added.length === 0) return `the order of ${of} is another one in ${later} than in ${before}`;
  const parts = [
    ...(added.length === 0 ? [] : [`${summarize(added)} in ${later} only`]),
    ...(lost.length === 0 ? [] : [`${summarize(lost)} in ${before} only`]),
  ];
  return `${of} has ${parts.join(', and ')}`;
}

/** `Difference: ….`, and the others in a sentence of their own. */
export function describeDifferences(differences: readonly Difference[]): string {
  const [first = 'none', ...others] = new Set(differences.map(describeChange));
  if (others.length === 0) return `Difference: ${first}.`;
  const left = others.length - NAMED;
  const more = left > 0 ? ` | and ${left} more` : '';
  return `Difference: ${first}. Also different: ${others.slice(0, NAMED).join(' | ')}${more}.`;
}

function summarize(values: readonly string[]): string {
  const left = values.length - LISTED;
  return `${values.slice(0, LISTED).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

function without(values: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return values.filter((value) => !known.has(value));
}

function format(value: unknown): string {
  return value === undefined ? 'not set' : JSON.stringify(value);
}
