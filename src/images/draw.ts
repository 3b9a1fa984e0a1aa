import { createRequire } from 'node:module';
import sharp, { type OverlayOptions } from 'sharp';
import { clip, mapBox, type Xyxy } from '../core/box.js';
import { printable } from '../core/text.js';
import type { DecodedImage } from './decoded-image.js';

// Minimal containers have no fonts at all, so the package ships one.
const FONT_FILE = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const LONGEST_SIDE_PX = 1280; // enough to judge the boxes
const LINE_PX = 2;
const TEXT_DPI = 96;
const PADDING_PX = 3;

/** A box to draw, in pixels of the original image. */
export interface DrawnBox {
  readonly box: Xyxy;
  readonly label: string;
  readonly colour: readonly [red: number, green: number, blue: number];
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
  // The best come first in the list and last on the canvas, so that nothing covers them.
  for (const drawn of [...scaled].reverse()) drawRectangle(canvas, drawn);
  const labels = await Promise.all([...scaled].reverse().map((drawn) => renderLabel(drawn, canvas)));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite(labels.filter((label) => label !== undefined))
    .jpeg({ quality: 85 })
    .toBuffer();
}

interface Canvas {
  readonly pixels: Uint8Array; // [height, width, 3]
  readonly width: number;
  readonly height: number;
}

function drawRectangle({ pixels, width, height }: Canvas, { box, colour }: DrawnBox): void {
  const left = Math.floor(box[0]);
  const top = Math.floor(box[1]);
  const right = Math.min(Math.ceil(box[2]), width) - 1;
  const bottom = Math.min(Math.ceil(box[3]), height) - 1;
  const row = (y: number, from: number, to: number) => {
    for (let x = from; x <= to; x++) pixels.set(colour, (y * width + x) * 3);
  };
  for (let y = top; y <= bottom; y++) {
    if (y < top + LINE_PX || y > bottom - LINE_PX) row(y, left, right);
    else {
      row(y, left, Math.min(left + LINE_PX - 1, right));
      row(y, Math.max(right - LINE_PX + 1, left), right);
    }
  }
}

/** Text on the box's colour, above the box where there is room; undefined where it does not fit on the canvas. */
async function renderLabel({ box, label, colour }: DrawnBox, canvas: Canvas): Promise<OverlayOptions | undefined> {
  if (label.trim() === '') return undefined; // Pango refuses to render empty text
  const text = await sharp({
    text: {
      text: `<span foreground="${isLight(colour) ? 'black' : 'white'}">${escapeMarkup(printable(label))}</span>`,
      font: 'DejaVu Sans 10',
      fontfile: FONT_FILE,
      dpi: TEXT_DPI,
      rgba: true,
    },
  })
    .png()
    .toBuffer({ resolveWithObject: true });
  const width = text.info.width + 2 * PADDING_PX;
  const height = text.info.height + 2 * PADDING_PX;
  if (width > canvas.width || height > canvas.height) return undefined;
  const [r, g, b] = colour;
  const input = await sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
    .composite([{ input: text.data, left: PADDING_PX, top: PADDING_PX }])
    .png()
    .toBuffer();
  const above = Math.floor(box[1]) - height;
  return {
    input,
    left: Math.min(Math.floor(box[0]), canvas.width - width),
    top: above >= 0 ? above : Math.min(Math.floor(box[1]), canvas.height - height),
  };
}

/** Whether black text is easier to read on this colour than white, by its luma (ITU-R BT.601). */
function isLight([red, green, blue]: DrawnBox['colour']): boolean {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 150;
}

/** Pango interprets markup. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
