/** The parts of a data set, in the order in which shares are laid out: readers of YOLO data sets know no others. */
export const PART_NAMES = ['train', 'val', 'test'] as const;
export type PartName = (typeof PART_NAMES)[number];

export function isPartName(value: unknown): value is PartName {
  return (PART_NAMES as readonly unknown[]).includes(value);
}

/** How large a share of the images each part gets; a part that is not named gets none. They add up to 1. */
export type Shares = Readonly<Partial<Record<PartName, number>>>;

/** How a data set is divided. */
export interface SplitRule {
  readonly shares: Shares;
  readonly by: string; // what stays together: near, image, folder, or regex:<pattern>
  readonly seed: number;
}

/** What begins a rule by which the text that a pattern finds in the name of an image is its group. */
export const BY_REGEX = 'regex:';

/** The pattern of such a rule; undefined for other rules. */
export function patternOf(by: string): RegExp | undefined {
  return by.startsWith(BY_REGEX) ? new RegExp(by.slice(BY_REGEX.length), 'u') : undefined;
}

/** The parts that have a share. */
export function listParts(shares: Shares): PartName[] {
  return PART_NAMES.filter((part) => (shares[part] ?? 0) > 0);
}

/** Counts by part, in the order of the parts; those of other programs' parts follow as they were counted. */
export function sortParts(counts: ReadonlyMap<string, number>): Record<string, number> {
  const names = new Set([...PART_NAMES.filter((part) => counts.has(part)), ...counts.keys()]);
  return Object.fromEntries([...names].map((part) => [part, counts.get(part)!]));
}

/** `38 train, 5 val` */
export function describeParts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([part, images]) => `${images} ${part}`)
    .join(', ');
}

/** Shares as the option has them: `train=0.8,val=0.2`. */
export function formatShares(shares: Shares): string {
  return listParts(shares)
    .map((part) => `${part}=${shares[part]!}`)
    .join(',');
}
