import { formatShares, isPartName, listParts, type PartName, type Shares } from '../../../core/data-set/split.js';
import { Refused } from '../other-spellings.js';

const SAMPLE = 'train=0.8,val=0.1,test=0.1';
export const SHARES_ERROR = `must be shares of train, val and test that add up to 1, such as ${SAMPLE}, or none`;

const TOLERANCE = 1e-6; // three thirds, as people write them
const DECIMALS = 6;
const PAIR = /^\s*([a-z]+)\s*=\s*(\d+\.?\d*|\.\d+)\s*(%?)\s*$/i;

/** What other programs call the parts. */
const OTHER_NAMES: Readonly<Record<string, PartName>> = {
  ...{ training: 'train', valid: 'val', validation: 'val', validate: 'val', dev: 'val', testing: 'test' },
};

interface Pair {
  readonly name: string;
  readonly share: number;
  readonly isPercent: boolean;
}

/**
 * Finds what is wrong with shares that are numbers by name, as text or as a mapping.
 *
 * @returns The value as it is, where nothing is wrong, and where it has another form.
 */
export function checkShares(value: unknown): unknown {
  const pairs = typeof value === 'string' ? readPairs(value) : listEntries(value);
  if (pairs === undefined) return value;
  const names = pairs.map(({ name }) => nameOf(name));
  if (names.includes(undefined)) return value;
  if (new Set(names).size < names.length) return new Refused(SHARES_ERROR, 'Name each part once.');
  const isScaled = pairs.some(({ share, isPercent }) => isPercent || share > 1);
  const whole = pairs.some(({ isPercent }) => isPercent) ? 100 : isScaled ? sum(pairs) : 1;
  const shares: Shares = Object.fromEntries(pairs.map(({ share }, i) => [names[i]!, rounded(share / whole)]));
  const isMapping = typeof value !== 'string';
  const problem = findProblem(shares, isMapping);
  const isSpelledSo = pairs.every(({ name }, i) => name === names[i]) && !isScaled;
  if (problem === undefined && !isSpelledSo)
    return new Refused(SHARES_ERROR, `Did you mean ${written(shares, isMapping)}?`);
  return problem ?? value;
}

/** Training programs want images to train with, and others. */
function findProblem(shares: Shares, isMapping: boolean): Refused | undefined {
  const { train = 0, val = 0, test = 0 } = shares;
  const advice = `For example ${written({ train: 0.8, val: 0.2 }, isMapping)}.`;
  if (train === 0) return new Refused('is without train, and train needs a share', advice);
  if (val + test === 0) return new Refused('is without val and test, and val or test needs a share too', advice);
  const total = rounded(train + val + test);
  if (Math.abs(total - 1) < TOLERANCE) return undefined;
  return new Refused(
    `needs shares that add up to 1; those of ${written(shares, isMapping)} add up to ${total}`,
    advice,
  );
}

function readPairs(text: string): Pair[] | undefined {
  const found = text.split(',').map((part) => PAIR.exec(part));
  if (found.includes(null)) return undefined;
  return found.map((match) => ({ name: match![1]!, share: Number(match![2]), isPercent: match![3] === '%' }));
}

/** Of a mapping whose keys and values have the form that is wanted. */
function listEntries(value: unknown): Pair[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Object.entries(value);
  if (!entries.every(([name, share]) => isPartName(name) && typeof share === 'number' && share >= 0)) return undefined;
  return entries.map(([name, share]) => ({ name, share: share as number, isPercent: false }));
}

function nameOf(name: string): PartName | undefined {
  const lower = name.toLowerCase();
  return isPartName(lower) ? lower : OTHER_NAMES[lower];
}

function written(shares: Shares, isMapping: boolean): string {
  if (!isMapping) return formatShares(shares);
  return `{${listParts(shares)
    .map((part) => `${part}: ${shares[part]!}`)
    .join(', ')}}`;
}

function sum(pairs: readonly Pair[]): number {
  return rounded(pairs.reduce((total, { share }) => total + share, 0));
}

function rounded(share: number): number {
  return Number(share.toFixed(DECIMALS));
}
