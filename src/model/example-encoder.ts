import type { InferenceSession } from 'onnxruntime-node';
import { round, roundBox, toFractions, toPixels, type Size, type Xyxy } from '../core/box.js';
import { BOX_DECIMALS } from '../core/detection.js';
import { ruleFor, type ExampleRule } from '../core/inference/example-rule.js';
import type { Fit, InputForm } from '../core/inference/input-form.js';
import type { ExampleChoice } from '../core/seen-example.js';
import { fittedFrame } from '../images/resize/resizer.js';
import { ort } from '../onnx/runtime.js';
import type { ImageSize } from './artifact.js';
import type { Checkpoint } from './checkpoint/checkpoint.js';
import { familyOf } from './families.js';
import { DEFAULT_FORM, resolveForm } from './input-form.js';
import { chooseQueryPatch, type PatchOutputs } from './query-patch.js';
import { openSession } from './session.js';

/** An example image, as the model takes it. */
export interface ExampleImage {
  readonly pixels: Uint8Array; // [H, W, 3] of the model's input
  readonly size: Size; // of the upright original
  readonly box?: Xyxy; // where in the original the object is; else it is the whole image
}

export const IOU_DECIMALS = 4;

/** The query of an example. */
export interface EncodedExample {
  readonly embedding: Float32Array; // [T], not normalised
  readonly choice: ExampleChoice; // rounded
}

/** How example images are looked at; how they are fitted is by default as for the family. */
export interface ExampleEncoderOptions extends Partial<InputForm> {
  readonly checkpoint: Checkpoint;
  readonly threads: number;
  readonly size: ImageSize; // the model's input, as `ModelTraits.inputSize` gives it
  readonly exampleRule: ExampleRule;
}

/**
 * Turns example images into queries. Holds a second copy of the image encoder: dispose of it as soon as they are
 * encoded.
 */
export class ExampleEncoder implements AsyncDisposable {
  readonly #session: InferenceSession;
  readonly #size: ImageSize;
  readonly #fit: Fit;
  readonly #rule: ExampleRule;

  private constructor(parts: { session: InferenceSession; size: ImageSize; fit: Fit; rule: ExampleRule }) {
    this.#session = parts.session;
    this.#size = parts.size;
    this.#fit = parts.fit;
    this.#rule = parts.rule;
  }

  /**
   * Opens it on the CPU, in float32: queries are kept for every device and precision.
   *
   * @throws PreannotateError MODEL_INVALID
   */
  static async open(options: ExampleEncoderOptions): Promise<ExampleEncoder> {
    const { checkpoint, threads, size, exampleRule } = options;
    const family = familyOf(checkpoint);
    const traits = family.traits(checkpoint);
    const { fit, positions } = { ...resolveForm(traits, DEFAULT_FORM, size), ...options };
    const device = { provider: 'cpu' } as const;
    const artifact = await family.openArtifact(checkpoint, { device, precision: 'fp32' });
    if (artifact.example === undefined) throw new Error(`${checkpoint.folder} takes no examples. This is a bug.`);
    const { graph, weightsFolder } = artifact.example({ size, positions });
    const session = await openSession(graph, { device, threads, weightsFolder });
    return new ExampleEncoder({ session, size, fit, rule: ruleFor(traits, exampleRule) });
  }

  /** @returns undefined when no box that the model predicts overlaps the object. */
  async encode({ pixels, size, box }: ExampleImage): Promise<EncodedExample | undefined> {
    const { height, width } = this.#size;
    const outputs = await this.#session.run({ pixels: new ort.Tensor('uint8', pixels, [1, height, width, 3]) });
    const answers: PatchOutputs = {
      classEmbeds: outputs['class_embeds']!.data as Float32Array,
      boxes: outputs['boxes']!.data as Float32Array,
      objectness: this.#rule === 'auto' ? (outputs['objectness_logits']?.data as Float32Array | undefined) : undefined,
    };
    const frame = fittedFrame(this.#fit, size);
    const whole = this.#rule === 'auto' ? size : frame; // transformers includes the padding
    const object = box ?? ([0, 0, whole.width, whole.height] as const);
    const chosen = chooseQueryPatch(answers, toFractions(object, frame));
    if (chosen === undefined) return undefined;
    const embeddingWidth = answers.classEmbeds.length / (answers.boxes.length / 4);
    const from = chosen.patch * embeddingWidth;
    return {
      embedding: answers.classEmbeds.slice(from, from + embeddingWidth),
      choice: {
        box: roundBox(toPixels(chosen.box, frame), BOX_DECIMALS),
        iou: round(chosen.iou, IOU_DECIMALS),
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}
