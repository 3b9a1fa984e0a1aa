import type { InferenceSession } from 'onnxruntime-node';
import type { Size } from '../../core/box.js';
import { Graph } from '../../onnx/graph.js';
import { ort } from '../../onnx/runtime.js';
import type { DecodedImage } from '../decoded-image.js';
import { SimdStretch } from './simd-stretch.js';
import { ROWS_AT_ONCE, stretchByRows } from './stretch-rows.js';

/**
 * ONNX Runtime holds the whole image as wide as the result between its two passes. Images with more pixels there are
 * resized some rows at a time, as 1 x 5,000,000 pixels would take 12 GB.
 */
const MAX_PIXELS_BETWEEN = 16_000_000; // 48 MB; at 768 pixels, 20,000 rows

/**
 * Resizes an image to the model's input as OWL-ViT's image processor does: bicubic, antialiased, without keeping the
 * aspect ratio.
 *
 * ONNX Runtime's Resize on uint8 rounds after each of its two passes and so equals Pillow within one level on fewer
 * than 0.1 % of samples (test/images/resize/resizer.test.ts); libvips shifts enlarged images by a fraction of a pixel.
 * Images of usual sizes are computed here, to the same bytes; ONNX Runtime takes the larger ones.
 *
 * @see transformers `OwlViTImageProcessor`, Pillow `Image.resize(…, BICUBIC)`
 */
export class StretchResizer {
  readonly #size: Size;
  readonly #simd: SimdStretch;
  readonly #sessions: Partial<Record<'whole' | 'across' | 'down', Promise<InferenceSession>>> = {}; // when first needed

  constructor(size: Size) {
    this.#size = size;
    this.#simd = new SimdStretch(size);
  }

  /** @param target - [H, W, 3] of the model's input. @throws The reason of the signal. */
  async resize(image: DecodedImage, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { pixels, width, height } = image;
    const size = this.#size;
    if (width === size.width && height === size.height) target.set(pixels);
    else if (this.#simd.takes(image)) this.#simd.resize(image, target);
    else if (height * size.width <= MAX_PIXELS_BETWEEN || height <= size.height) {
      this.#sessions.whole ??= openSession(size);
      target.set(await run(await this.#sessions.whole, image));
    } else if (width === 1) repeatColumn(await this.#stretchDown(image), target);
    else {
      await stretchByRows(image, { size, target, across: (rows) => this.#stretchAcross(rows, width), signal });
    }
  }

  estimatePixels({ width, height }: Size): number {
    return width === 1 ? height : height * this.#size.width;
  }

  async #stretchAcross(pixels: Uint8Array, width: number): Promise<Uint8Array> {
    this.#sessions.across ??= openSession({ width: this.#size.width, height: ROWS_AT_ONCE });
    return run(await this.#sessions.across, { pixels, width, height: ROWS_AT_ONCE });
  }

  async #stretchDown(column: DecodedImage): Promise<Uint8Array> {
    this.#sessions.down ??= openSession({ width: 1, height: this.#size.height });
    return run(await this.#sessions.down, column);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of Object.values(this.#sessions)) await (await session).release();
  }
}

/** An image one pixel wide is stretched to columns that all equal it. */
function repeatColumn(column: Uint8Array, target: Uint8Array): void {
  const rowBytes = (target.length / column.length) * 3;
  for (let at = 0; at < target.length; at += 3) {
    const from = Math.floor(at / rowBytes) * 3;
    target[at] = column[from]!;
    target[at + 1] = column[from + 1]!;
    target[at + 2] = column[from + 2]!;
  }
}

async function openSession(size: Size): Promise<InferenceSession> {
  const graph = new Graph();
  const pixels = graph.input('pixels', 'uint8', [1, 'height', 'width', 3]);
  const shape = [1, size.height, size.width, 3];
  const resized = graph.op('Resize', [pixels, '', '', graph.ints(shape)], {
    mode: 'cubic',
    antialias: 1,
    cubic_coeff_a: { float: -0.5 },
    exclude_outside: 1,
    coordinate_transformation_mode: 'half_pixel',
  });
  graph.output('resized', resized, { type: 'uint8', shape });
  return ort.InferenceSession.create(graph.toBytes(), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    enableCpuMemArena: false, // which would keep the memory of the largest image
  });
}

async function run(
  session: InferenceSession,
  { pixels, width, height }: Pick<DecodedImage, 'pixels' | 'width' | 'height'>,
): Promise<Uint8Array> {
  const { resized } = await session.run({ pixels: new ort.Tensor('uint8', pixels, [1, height, width, 3]) });
  return resized!.data as Uint8Array;
}
