import sharp from 'sharp';
import { area, clip, mapBox, type Size, type Xyxy } from '../../core/box.js';
import type { Rgb } from '../../core/drawing/class-colours.js';
import { placeLabels } from '../../core/drawing/place-labels.js';
import type { DecodedImage } from '../decoded-image.js';
import { renderLabel } from './render-label.js';

const LONGEST_SIDE_PX = 1280; // enough to judge the boxes
const HALO_PX = 1; // on each side of a line
const HALO_OPACITY = 0.5; // of black

/** A box to draw, in pixels of the original image. */
export interface DrawnBox {
  readonly box: Xyxy;
  readonly label: string;
  readonly colour: Rgb;
}

/** Draws boxes with their labels into a copy of the image, made smaller where it is large. @returns A JPEG. */
export async function drawPreview(image: DecodedImage, boxes: readonly DrawnBox[]): Promise<Buffer> {
  const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(image.width, image.height));
  const raw = { width: image.width, height: image.height, channels: 3 as const };
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const pixels = await sharp(image.pixels, { raw }).resize(width, height, { fit: 'fill' }).raw().toBuffer();
  const canvas = { pixels, width, height };
  const perPixel = width / image.original.width;
  const scaled = boxes.map((drawn) => ({
    ...drawn,
    // The file may have been replaced by a smaller image since the boxes were found.
    box: clip(
      mapBox(drawn.box, (value) => value * perPixel),
      canvas,
    ),
  }));
  const { linePx, fontPt } = measuresOf(canvas);
  // The best come first in the list and last on the canvas, so that nothing covers them.
  for (const drawn of [...scaled].reverse()) drawFrame(canvas, drawn, linePx);
  const labels = await drawLabels(canvas, scaled, fontPt);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite(labels)
    .jpeg({ quality: 85, chromaSubsampling: '4:4:4' }) // thin coloured lines would be blurred
    .toBuffer();
}

interface Canvas extends Size {
  readonly pixels: Uint8Array; // [height, width, 3]
}

/** A large picture is seen from farther away, or made smaller by what shows it. */
function measuresOf({ width, height }: Size): { linePx: number; fontPt: number } {
  const longest = Math.max(width, height);
  return { linePx: longest > 800 ? 3 : 2, fontPt: Math.round(Math.max(8, 7 + longest / 200)) };
}

async function drawLabels(canvas: Canvas, boxes: readonly DrawnBox[], fontPt: number) {
  const rendered = await Promise.all(boxes.map((drawn) => renderLabel(drawn, fontPt)));
  const places = placeLabels(
    boxes.map(({ box }, i) => ({ box, label: rendered[i] })),
    canvas,
  );
  return places.flatMap((place, i) =>
    place === undefined ? [] : { input: rendered[i]!.png, left: place[0], top: place[1] },
  );
}

/** A line of the box's colour between dark ones, so that it stands out from any image. */
function drawFrame(canvas: Canvas, { box, colour }: DrawnBox, linePx: number): void {
  if (area(box) === 0) return;
  const frame = {
    left: Math.floor(box[0]),
    top: Math.floor(box[1]),
    right: Math.min(Math.ceil(box[2]), canvas.width) - 1,
    bottom: Math.min(Math.ceil(box[3]), canvas.height) - 1,
  };
  const around = {
    left: frame.left - HALO_PX,
    top: frame.top - HALO_PX,
    right: frame.right + HALO_PX,
    bottom: frame.bottom + HALO_PX,
  };
  const { pixels } = canvas;
  visitFrame(canvas, around, {
    linePx: linePx + 2 * HALO_PX,
    visit: (at) => {
      for (let i = at; i < at + 3; i++) pixels[i] = pixels[i]! * (1 - HALO_OPACITY);
    },
  });
  visitFrame(canvas, frame, { linePx, visit: (at) => pixels.set(colour, at) });
}

/** The outermost pixels of a frame, which belong to it. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Visits once, by its index, each pixel of the canvas that lies on the line of a frame. */
function visitFrame(
  { width, height }: Size,
  { left, top, right, bottom }: Frame,
  { linePx, visit }: { linePx: number; visit: (at: number) => void },
): void {
  const row = (y: number, from: number, to: number) => {
    for (let x = Math.max(from, 0); x <= Math.min(to, width - 1); x++) visit((y * width + x) * 3);
  };
  for (let y = Math.max(top, 0); y <= Math.min(bottom, height - 1); y++) {
    const isWhole = y < top + linePx || y > bottom - linePx || right - left < 2 * linePx;
    if (isWhole) row(y, left, right);
    else {
      row(y, left, left + linePx - 1);
      row(y, right - linePx + 1, right);
    }
  }
}
