import { toFractions, type Size, type Xyxy } from '../../core/box.js';
import type { Fit } from '../../images/resizer.js';
import { Graph } from '../../onnx/graph.js';
import { ort } from '../../onnx/runtime.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import { predictBoxes } from './heads.js';
import type { ImageSize } from '../input-size.js';
import { encodeImage } from './graphs.js';
import { queryPatchOf, type PatchAnswers } from './query-patch.js';
import { openSession } from '../session.js';
import { CPU_OPERATORS, linear, Weights } from './transformer.js';

/**
 * What turns a picture into a query: the image encoder, and the projections of the class and box heads.
 *
 * Input: `pixels` [N, H, W, 3], as of `imageGraph`. Outputs: `class_embeds` [N, P, T], not normalised, and `boxes` [N, P, 4]
 * cxcywh fractions of the model's input.
 *
 * @see transformers `OwlViTForObjectDetection.image_guided_detection`
 */
export function exampleGraph(
  checkpoint: Checkpoint,
  { size, pixelType = 'uint8' }: { size: ImageSize; pixelType?: 'uint8' | 'float32' },
): Uint8Array {
  const { config, tensors } = checkpoint;
  const { patch_size: patch, hidden_size: width } = config.vision_config;
  const embeddingWidth = config.text_config.hidden_size;
  const grid = { rows: Math.floor(size.height / patch), columns: Math.floor(size.width / patch) };
  const patches = grid.rows * grid.columns;
  const graph = new Graph();
  const weights = new Weights(graph, tensors);
  const pixels = graph.input('pixels', pixelType, ['N', size.height, size.width, 3]);

  const features = encodeImage(graph, pixels, {
    ...{ checkpoint, weights, grid },
    operators: CPU_OPERATORS,
    half: false,
  });
  const projection = { weights: weights.within('class_head.dense0'), inputs: width, outputs: embeddingWidth };
  const rows = linear(graph, features, projection);
  const classEmbeds = graph.op('Reshape', [rows, graph.ints([-1, patches, embeddingWidth])]);
  const boxes = predictBoxes(graph, features, { weights: weights.within('box_head'), width, grid });
  graph.output('class_embeds', classEmbeds, { type: 'float32', shape: ['N', patches, embeddingWidth] });
  graph.output('boxes', boxes, { type: 'float32', shape: ['N', patches, 4] });
  return graph.toBytes();
}

/** An example image, as the model takes it. */
export interface ExampleImage {
  readonly pixels: Uint8Array; // [H, W, 3] of the model's input
  readonly size: Size; // of the upright original
  readonly box?: Xyxy; // where in the original the object is; else all of the model's input
}

/** Turns example images into queries. Holds a second copy of the image encoder: dispose of it as soon as they are encoded. */
export class ExampleEncoder implements AsyncDisposable {
  readonly #session: Awaited<ReturnType<typeof openSession>>;
  readonly #size: ImageSize;
  readonly #fit: Fit;

  private constructor(parts: { session: Awaited<ReturnType<typeof openSession>>; size: ImageSize; fit: Fit }) {
    this.#session = parts.session;
    this.#size = parts.size;
    this.#fit = parts.fit;
  }

  /**
   * Opens it on the CPU, in float32: queries are kept for every device and precision.
   *
   * @throws PreannotateError MODEL_INVALID
   */
  static async open(options: {
    checkpoint: Checkpoint;
    threads: number;
    size: ImageSize; // whole patches
    fit: Fit;
  }): Promise<ExampleEncoder> {
    const { checkpoint, threads, size, fit } = options;
    const session = await openSession(exampleGraph(checkpoint, { size }), {
      ...{ device: { provider: 'cpu' }, threads },
      weightsFolder: checkpoint.weightsFolder,
    });
    return new ExampleEncoder({ session, size, fit });
  }

  /** @returns [T], not normalised: the class head does that. */
  async encode({ pixels, size, box }: ExampleImage): Promise<Float32Array> {
    const { height, width } = this.#size;
    const outputs = await this.#session.run({ pixels: new ort.Tensor('uint8', pixels, [1, height, width, 3]) });
    const answers: PatchAnswers = {
      classEmbeds: outputs['class_embeds']!.data as Float32Array,
      boxes: outputs['boxes']!.data as Float32Array,
    };
    const patch = queryPatchOf(answers, box === undefined ? [0, 0, 1, 1] : fractionsOf(box, size, this.#fit));
    const embeddingWidth = answers.classEmbeds.length / (answers.boxes.length / 4);
    return answers.classEmbeds.slice(patch * embeddingWidth, (patch + 1) * embeddingWidth);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}

/** A box as fractions of the model's input: of the image, or of the square that it was padded to. */
function fractionsOf(box: Xyxy, size: Size, fit: Fit): Xyxy {
  const side = Math.max(size.width, size.height);
  return toFractions(box, fit === 'stretch' ? size : { width: side, height: side });
}
