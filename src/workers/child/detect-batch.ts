import type { Size } from '../../core/box.js';
import type { Detection } from '../../core/detection.js';
import type { Crop } from '../../core/tiling/tiles.js';
import type { Detector } from '../../model/detector.js';
import type { EncodedInput } from '../../model/features/feature-model.js';
import type { QueryBank } from '../../model/query-groups.js';

/** One input of a forward pass: an image, or a tile of it. */
interface Item {
  readonly queries: QueryBank;
  readonly cropIndex: number;
  readonly input: Uint8Array | EncodedInput; // pixels, or what the encoder gave for them before
  readonly pending: {
    readonly image: { readonly crops: readonly Crop[] };
    readonly encoded?: EncodedInput[]; // by crop, where it is kept
  };
}

/**
 * What the model finds in each item, in one pass.
 *
 * @param keeps - Features are used: what is encoded here is left with the image that an item belongs to.
 */
export async function detectBatch(
  detector: Detector,
  items: readonly Item[],
  { keeps }: { keeps: boolean },
): Promise<Detection[][]> {
  const sizes = items.map(({ pending, cropIndex }) => sizeOf(pending.image.crops[cropIndex]!));
  const banks = items.map(({ queries }) => queries);
  if (!keeps) return await detector.detect(joinPixels(items), sizes, banks);
  return await detector.detectEncoded(await encodeMissing(detector, items), sizes, banks);
}

/** What the encoder gives for the items, or gave before. */
async function encodeMissing(detector: Detector, items: readonly Item[]): Promise<EncodedInput[]> {
  const missing = items.filter(({ input }) => input instanceof Uint8Array);
  const computed = new Map<Item, EncodedInput>();
  const atOnce = Math.min(missing.length, detector.imagesAtOnce);
  for (let from = 0; from < missing.length; from += atOnce) {
    const part = missing.slice(from, from + atOnce);
    const encoded = await detector.features.encode(joinPixels(part), part.length);
    for (const [i, item] of part.entries()) {
      computed.set(item, encoded[i]!);
      const { tensors } = encoded[i]!;
      if (item.pending.encoded !== undefined) item.pending.encoded[item.cropIndex] = { tensors };
    }
  }
  return items.map((item) => (item.input instanceof Uint8Array ? computed.get(item)! : item.input));
}

function joinPixels(items: readonly Item[]): Uint8Array {
  const pixels = items.map(({ input }) => input as Uint8Array);
  return pixels.length === 1 ? pixels[0]! : Buffer.concat(pixels);
}

export function sizeOf({ x, y }: Crop): Size {
  return { width: x.to - x.from, height: y.to - y.from };
}
