/** How two jobs differ. */
export interface Difference {
  readonly what: string; // ends a sentence that begins with "Difference:"
  readonly finish?: string; // what to do, to go on with the earlier one
}

const NAMED = 10; // in a message
const LISTED = 8; // of a longer list, only what differs is shown

/** All values that differ, in the order of `before`; those that only `now` has come last. */
export function findDifferences(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(now)])].flatMap((key) => {
    const was = key in before ? before[key] : NOT_SET;
    const is = key in now ? now[key] : NOT_SET;
    return format(was) === format(is) ? [] : [{ what: describeChange(key, was, is) }];
  });
}

const NOT_SET = Symbol('not set');

/** `precision was "fp32"; now it is "int8"`. Of long lists, what only one of them has. */
export function describeChange(what: string, was: unknown, is: unknown): string {
  if (!Array.isArray(was) || !Array.isArray(is) || Math.max(was.length, is.length) <= LISTED)
    return `${what} was ${format(was)}; now it is ${format(is)}`;
  const [before, now] = [was.map(format), is.map(format)];
  const [lost, added] = [without(before, now), without(now, before)];
  if (lost.length + added.length === 0) return `the order of ${what} is another one`;
  const parts = [
    ...(lost.length === 0 ? [] : [`no longer has ${summarize(lost)}`]),
    ...(added.length === 0 ? [] : [`has ${summarize(added)} now`]),
  ];
  return `${what} ${parts.join(', and ')}`;
}

/** `Difference: ….`, and the others in a sentence of their own. */
export function describeDifferences(differences: readonly Difference[]): string {
  const [first = 'none', ...others] = new Set(differences.map(({ what }) => what));
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
  return value === NOT_SET ? 'not set' : JSON.stringify(value);
}
