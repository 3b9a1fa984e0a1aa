/** How two jobs differ. */
export interface Difference {
  readonly what: string; // ends a sentence that begins with "Difference:"
  readonly finish?: string; // what to do, to go on with the earlier one
}

/** The first value that differs, in the order of `before`; those that only `now` has come last. */
export function firstDifference(
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
): Difference | undefined {
  for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const was = key in before ? JSON.stringify(before[key]) : 'not set';
    const is = key in now ? JSON.stringify(now[key]) : 'not set';
    if (was !== is) return { what: `${key} was ${was}; now it is ${is}` };
  }
  return undefined;
}
