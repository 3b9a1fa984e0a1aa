import { z } from 'zod';
import { ALL_NEGATIVES } from '../../../core/data-set/negatives.js';
import { BY_REGEX, PART_NAMES, type Shares } from '../../../core/data-set/split.js';
import { numberOf } from '../values.js';
import { decimal, listOf, textOf } from '../text-patterns.js';

const SAMPLE = 'train=0.8,val=0.1,test=0.1';
const SHARES_ERROR = `must be shares of train, val and test that add up to 1, such as ${SAMPLE}, or none`;
const BY_ERROR = 'must be near, image, folder, or a regular expression with one group, written as --help shows it';
const TOLERANCE = 1e-6; // three thirds, as people write them

/** Shares of parts: `train=0.8,val=0.2`, a mapping, or none. */
export function shares() {
  const pattern = `^\\s*${listOf(`(?:${PART_NAMES.join('|')})\\s*=\\s*(?:${decimal(0, 1)})`)}\\s*$`;
  const text = z.string().regex(new RegExp(pattern), { error: SHARES_ERROR }).meta({ pattern });
  const shape = Object.fromEntries(PART_NAMES.map((part) => [part, z.exactOptional(z.number().min(0).max(1))]));
  return z
    .union([z.literal('none'), text, z.strictObject(shape)], { error: SHARES_ERROR })
    .transform((given) => (typeof given === 'string' && given !== 'none' ? readPairs(given) : (given as Given)))
    .refine((given) => given === 'none' || isWhole(given), { error: SHARES_ERROR });
}

type Given = Shares | 'none';

/** A part that is named twice makes the sum wrong. */
function readPairs(text: string): Shares {
  const pairs = text.split(',').map((pair) => pair.split('='));
  const names = pairs.map(([name]) => name!.trim());
  if (new Set(names).size < names.length) return {};
  return Object.fromEntries(pairs.map(([, share], i) => [names[i]!, Number(share)]));
}

/** Training programs want images to train with, and others. */
function isWhole(given: Shares): boolean {
  const { train = 0, val = 0, test = 0 } = given;
  return train > 0 && val + test > 0 && Math.abs(train + val + test - 1) < TOLERANCE;
}

/** What of the images stays together. */
export function splitBy() {
  return z
    .string({ error: BY_ERROR })
    .regex(new RegExp(`^(?:near|image|folder|${BY_REGEX}.+)$`), { error: BY_ERROR, abort: true })
    .refine((by) => !by.startsWith(BY_REGEX) || hasOneGroup(by.slice(BY_REGEX.length)), { error: BY_ERROR });
}

function hasOneGroup(pattern: string): boolean {
  try {
    return new RegExp(`${pattern}|`, 'u').exec('')!.length === 2;
  } catch {
    return false;
  }
}

/** Which images with nothing found are written, as the share of them: keep, drop, or a number. */
export function negatives() {
  const error = 'must be keep, drop, or a share of the images with nothing found, such as 0.1';
  const share = z.number().min(0).max(ALL_NEGATIVES);
  return z
    .preprocess(
      (given) => (typeof given === 'string' ? numberOf(given.trim()) : given),
      z.union([z.literal('keep'), z.literal('drop'), share], { error }),
    )
    .transform((given) => (given === 'keep' ? ALL_NEGATIVES : given === 'drop' ? 0 : given))
    .meta({ alternatives: [textOf(decimal(0, 1))] });
}
