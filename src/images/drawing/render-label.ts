import { createRequire } from 'node:module';
import sharp from 'sharp';
import type { Size } from '../../core/box.js';
import { textColourOn, type Rgb } from '../../core/drawing/class-colours.js';
import { printable } from '../../core/text.js';

// Minimal containers have no fonts at all, so the package ships one.
const FONT_FILE = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
const TEXT_DPI = 96;
const PADDING_PER_PT = 0.3;
const HALO_PX = 1;
const HALO = { r: 0, g: 0, b: 0, alpha: 0.5 };

/** A label as it is drawn. */
export interface RenderedLabel extends Size {
  readonly png: Buffer;
}

/** Text on the colour of its box, with a dark edge. @returns undefined for an empty text */
export async function renderLabel(
  { label, colour }: { readonly label: string; readonly colour: Rgb },
  fontPt: number,
): Promise<RenderedLabel | undefined> {
  if (label.trim() === '') return undefined; // Pango refuses to render empty text
  const text = await sharp({
    text: {
      text: `<span foreground="${textColourOn(colour)}">${escapeMarkup(printable(label))}</span>`,
      font: `DejaVu Sans ${fontPt}`,
      fontfile: FONT_FILE,
      dpi: TEXT_DPI,
      rgba: true,
    },
  })
    .png()
    .toBuffer({ resolveWithObject: true });
  const padding = Math.round(fontPt * PADDING_PER_PT);
  const width = text.info.width + 2 * padding;
  const height = text.info.height + 2 * padding;
  const [r, g, b] = colour;
  const edge = { top: HALO_PX, bottom: HALO_PX, left: HALO_PX, right: HALO_PX, background: HALO };
  const filled = await sharp({ create: { width, height, channels: 4, background: { r, g, b, alpha: 1 } } })
    .composite([{ input: text.data, left: padding, top: padding }])
    .png()
    .toBuffer();
  const png = await sharp(filled).extend(edge).png().toBuffer();
  return { png, width: width + 2 * HALO_PX, height: height + 2 * HALO_PX };
}

/** Pango interprets markup. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
