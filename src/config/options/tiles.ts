import { z } from 'zod';
import type { TileOptions } from '../../core/tiling/tiles.js';
import { anyCase, OFF, ON, textOf, wholeNumber } from './text-patterns.js';
import { refuseSides, reportRefused } from './other-spellings.js';
import { numberBetween, numberOf, sidesBetween, toggle } from './values.js';

const TILE_SIDE = { minimum: 32, maximum: 16_384 };

const SIZE_DESCRIPTION = 'Height and width of a tile, in pixels of the upright image';
const SIZE =
  'must be the size of a tile in pixels, as one number or as height and width ([h, w]), each from 32 to 16384';

const OVERLAP = '\\+?0*(?:0(?:\\.0*)?|0?\\.[0-7]\\d*|0?\\.80*)'; // up to 0.8, as text

const Tiles = z.strictObject({
  size: sidesBetween(TILE_SIDE.minimum, TILE_SIDE.maximum, SIZE).describe(SIZE_DESCRIPTION),
  overlap: numberBetween(0, 0.8, OVERLAP)
    .default(0.2)
    .describe('Share of a tile that its neighbour covers too: more than the size of the objects that only tiles show'),
  full_image: toggle().default(true).describe('Also annotate the whole image, for objects larger than a tile'),
});

/** Keys of the mapping, for messages. */
export const TILE_KEYS = Object.keys(Tiles.shape);

/** What stands for the mapping, for editors. */
const PIXELS = { type: 'integer', ...TILE_SIDE };
const SIDES = {
  description: SIZE_DESCRIPTION,
  anyOf: [PIXELS, { type: 'array', items: [PIXELS, PIXELS], additionalItems: false, minItems: 2, maxItems: 2 }],
};
const NONE = { enum: [false, 0, null] };
const SIDE = wholeNumber(TILE_SIDE.minimum, TILE_SIDE.maximum);
const OTHERS = `overlap\\s*=\\s*${OVERLAP}|full[-_]image\\s*=\\s*(?:${anyCase([...ON, ...OFF])})`;
const SIZED = `(?:size\\s*=\\s*)?${SIDE}(?:\\s*,\\s*(?:size\\s*=\\s*)?${SIDE})?`;
const TEXT = textOf(anyCase(OFF), `(?:(?:${OTHERS})\\s*,\\s*)*${SIZED}(?:\\s*,\\s*(?:${OTHERS}))*`);

/** A mapping, a size, or as text `640`, `480,640` or `size=640,overlap=0.3,full_image=no`; false for no tiles. */
export function tiles() {
  const options = Tiles.transform(({ size, overlap, full_image: fullImage }): TileOptions => ({
    ...size,
    overlap,
    fullImage,
  }));
  const read = (value: unknown, context: z.core.$RefinementCtx) => reportRefused(readTiles(value), value, context);
  return z.preprocess(read, options.optional()).meta({ alternatives: [SIDES, NONE, TEXT] });
}

function readTiles(value: unknown): unknown {
  if (typeof value === 'string') return parseTiles(value.trim());
  if (typeof value === 'number' && value !== 0) return { size: value };
  return Array.isArray(value) ? { size: value as unknown } : value || undefined;
}

/** Parts without a key are the size. */
function parseTiles(text: string): unknown {
  const refused = text.split(',').map((part) => refuseSides(part.replace(/^\s*size\s*=/, '').trim(), SIZE));
  const first = refused.find((each) => each !== undefined);
  if (first !== undefined) return first;
  if (/^(no|off|false|0)$/i.test(text)) return undefined;
  const sizes: unknown[] = [];
  const others: Record<string, string> = {};
  for (const part of text.split(',').map((word) => word.trim())) {
    const [, key, value = ''] = /^([\w-]+)\s*=\s*(.*)$/.exec(part) ?? [];
    if (key === undefined) sizes.push(numberOf(part));
    else if (key === 'size') sizes.push(numberOf(value));
    else others[key.replaceAll('-', '_')] = value;
  }
  return { size: sizes.length === 1 ? sizes[0] : sizes, ...others };
}
