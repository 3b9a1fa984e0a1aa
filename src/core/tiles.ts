import type { Size } from './box.js';

/** How images larger than a tile are cut. */
export interface TileOptions {
  readonly height: number; // pixels of the upright image
  readonly width: number;
  readonly overlap: number; // share of a tile that it has in common with its neighbour at least, 0–1
  readonly fullImage: boolean; // the whole image goes through the model too
}

/** The choice in words, for the user. */
export function describeTiles({ height, width, overlap, fullImage }: TileOptions): string {
  const share = `${Math.round(overlap * 100)} %`;
  return (
    `Images larger than ${height} x ${width} (height x width) are cut into tiles of that size that overlap by at least ` +
    `${share}${fullImage ? ', and looked at as a whole too' : '; the whole image is not looked at'}.`
  );
}

/** Where a view lies along one axis, in pixels: `from` is in it, `to` is not. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly before?: number; // where the neighbour that comes before ends; none at the image's own border
  readonly after?: number; // where the neighbour that comes after begins
}

/** A part of an image that the model sees as an image of its own: a tile, or all of it. */
export interface View {
  readonly x: Span;
  readonly y: Span;
}

/**
 * Cuts an image into tiles that cover it, spread evenly, so that none reaches beyond it.
 *
 * @returns The whole image first, where it is asked for, then the tiles row by row. An image no larger than a tile has one
 *   view: itself.
 */
export function viewsOf({ width, height }: Size, tiles?: TileOptions): View[] {
  const whole = { x: { from: 0, to: width }, y: { from: 0, to: height } };
  if (tiles === undefined || (width <= tiles.width && height <= tiles.height)) return [whole];
  const columns = spansOf(width, tiles.width, tiles.overlap);
  const rows = spansOf(height, tiles.height, tiles.overlap);
  const cut = rows.flatMap((y) => columns.map((x) => ({ x, y })));
  return tiles.fullImage ? [whole, ...cut] : cut;
}

/** Spans of `side` pixels along an axis; each has at least the share `overlap` in common with the next. */
function spansOf(length: number, side: number, overlap: number): Span[] {
  if (length <= side) return [{ from: 0, to: length }];
  // An inexact product, as of 10 * (1 - 0.9), must not cost a pixel.
  const step = Math.max(1, Math.floor(side * (1 - overlap) + 1e-6));
  const last = Math.ceil((length - side) / step);
  const starts = Array.from({ length: last + 1 }, (_, i) => Math.floor((i * (length - side)) / last));
  return starts.map((from, i) => ({
    from,
    to: from + side,
    ...(i === 0 ? {} : { before: starts[i - 1]! + side }),
    ...(i === last ? {} : { after: starts[i + 1]! }),
  }));
}
