import { z } from 'zod';
import { ALL_NEGATIVES } from '../../../core/data-set/negatives.js';
import { BY_REGEX, PART_NAMES, type Shares } from '../../../core/data-set/split.js';
import { excerpt } from '../../../core/text.js';
import { Refused, reportRefused } from '../other-spellings.js';
import { numberOf } from '../values.js';
import { decimal, listOf, textOf } from '../text-patterns.js';
import { checkShares, SHARES_ERROR } from './check-shares.js';

const BY_ERROR = 'must be near, image, folder, or a regular expression with one group, written as --help shows it';
const BY_SAMPLE = `${BY_REGEX}^([^_]+)_`;

/** Shares of parts: `train=0.8,val=0.2`, a mapping, or none. */
export function shares() {
  const pattern = `^\\s*${listOf(`(?:${PART_NAMES.join('|')})\\s*=\\s*(?:${decimal(0, 1)})`)}\\s*$`;
  const text = z.string().regex(new RegExp(pattern), { error: SHARES_ERROR }).meta({ pattern });
  const shape = Object.fromEntries(PART_NAMES.map((part) => [part, z.exactOptional(z.number().min(0).max(1))]));
  const given = z
    .union([z.literal('none'), text, z.strictObject(shape)], { error: SHARES_ERROR })
    .transform((value) => (typeof value === 'string' && value !== 'none' ? readPairs(value) : (value as Given)));
  return z.preprocess((value, context) => reportRefused(checkShares(value), value, context), given);
}

type Given = Shares | 'none';

function readPairs(text: string): Shares {
  const pairs = text.split(',').map((pair) => pair.split('='));
  return Object.fromEntries(pairs.map(([name, share]) => [name!.trim(), Number(share)]));
}

/** What of the images stays together. */
export function splitBy() {
  const error = ({ input }: { readonly input?: unknown }) =>
    input === BY_REGEX ? `has no pattern behind ${BY_REGEX}, such as ${BY_SAMPLE}` : BY_ERROR;
  return z
    .string({ error: BY_ERROR })
    .regex(new RegExp(`^(?:near|image|folder|${BY_REGEX}.+)$`), { error, abort: true })
    .superRefine((by, context) => {
      const refused = by.startsWith(BY_REGEX) ? checkPattern(by.slice(BY_REGEX.length)) : undefined;
      reportRefused(refused, by, context);
    });
}

/** The text in the one group of a pattern is what images of a group have in common. */
function checkPattern(pattern: string): Refused | undefined {
  const shown = `"${excerpt(pattern)}"`;
  try {
    const groups = new RegExp(`${pattern}|`, 'u').exec('')!.length - 1;
    if (groups === 1) return undefined;
    const advice = groups === 0 ? `For example ${BY_SAMPLE}.` : 'Write (?:…) for the groups that do not count.';
    return new Refused(`needs a pattern with one group, and ${shown} has ${groups === 0 ? 'none' : groups}`, advice);
  } catch (error) {
    const reason = (error as SyntaxError).message.split(': ').at(-1)!;
    const advice = 'It is read as a JavaScript regular expression with the flag u.';
    return new Refused(`has an error in the pattern ${shown}: ${excerpt(reason)}`, advice);
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
