import type { Size } from '../box.js';

/** How images larger than a tile are cut. */
export interface TileOptions {
  readonly height: number; // pixels of the upright image
  readonly width: number;
  readonly overlap: number; // least fraction of a tile that its neighbour shares, 0–1
  readonly fullImage: boolean; // the whole image is a crop too
}

/** The options in words, for the user. */
export function describeTiles({ height, width, overlap, fullImage }: TileOptions): string {
  const share = `${Math.round(overlap * 100)} %`;
  return (
    `Images larger than ${height} x ${width} (height x width) are cut into tiles of that size that overlap by ` +
    `at least ${share}${fullImage ? ', and looked at as a whole too' : '; the whole image is not looked at'}.`
  );
}

/** Where a crop lies along one axis, in pixels: `from` is in it, `to` is not. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly before?: number; // where the previous neighbour ends; none at the image's own border
  readonly after?: number; // where the next neighbour begins
}

/** A part of an image that the model gets as an image of its own: a tile, or all of it. */
export interface Crop {
  readonly x: Span;
  readonly y: Span;
}

/**
 * Plans tiles that cover an image, spread evenly, so that none reaches beyond it.
 *
 * @returns The whole image first, where requested, then the tiles row by row. An image no larger than a tile has one
 *   crop: itself.
 */
export function planCrops({ width, height }: Size, tiles?: TileOptions): Crop[] {
  const whole = { x: { from: 0, to: width }, y: { from: 0, to: height } };
  if (tiles === undefined || (width <= tiles.width && height <= tiles.height)) return [whole];
  const columns = spansOf(width, tiles.width, tiles.overlap);
  const rows = spansOf(height, tiles.height, tiles.overlap);
  const cut = rows.flatMap((y) => columns.map((x) => ({ x, y })));
  return tiles.fullImage ? [whole, ...cut] : cut;
}

/** How many crops {@link planCrops} gives, of images of any size. */
export function countCrops({ width, height }: Size, tiles?: TileOptions): number {
  if (tiles === undefined || (width <= tiles.width && height <= tiles.height)) return 1;
  const columns = lastSpanOf(width, tiles.width, tiles.overlap) + 1;
  const rows = lastSpanOf(height, tiles.height, tiles.overlap) + 1;
  return rows * columns + (tiles.fullImage ? 1 : 0);
}

/** Spans of `side` pixels along an axis; each shares at least the fraction `overlap` with the next. */
function spansOf(length: number, side: number, overlap: number): Span[] {
  const last = lastSpanOf(length, side, overlap);
  if (last === 0) return [{ from: 0, to: length }];
  const starts = Array.from({ length: last + 1 }, (_, i) => Math.floor((i * (length - side)) / last));
  return starts.map((from, i) => ({
    from,
    to: from + side,
    ...(i === 0 ? {} : { before: starts[i - 1]! + side }),
    ...(i === last ? {} : { after: starts[i + 1]! }),
  }));
}

/** The number of the last span, from 0. */
function lastSpanOf(length: number, side: number, overlap: number): number {
  // A rounding error, as in 10 * (1 - 0.9), must not cost a pixel.
  const step = Math.max(1, Math.floor(side * (1 - overlap) + 1e-6));
  return Math.max(0, Math.ceil((length - side) / step));
}
