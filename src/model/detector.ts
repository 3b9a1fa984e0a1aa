import type { InferenceSession } from 'onnxruntime-node';
import { area, clip, cxcywhToXyxy, round, roundBox, type Cxcywh, type Size } from '../core/box.js';
import { BOX_DECIMALS, compareDetections, SCORE_DECIMALS, type Detection } from '../core/detection.js';
import type { Device, Optimizer } from '../core/device.js';
import type { Fit, InputForm } from '../core/inference/input-form.js';
import type { Precision } from '../core/precision.js';
import { fittedFrame } from '../images/resize/resizer.js';
import { ort } from '../onnx/runtime.js';
import type { Artifact, ImageSize } from './artifact.js';
import type { Checkpoint } from './checkpoint/checkpoint.js';
import type { WeightFiles } from './checkpoint/weight-files.js';
import { familyOf } from './families.js';
import { FeatureModel, type EncodedInput, type RankedOutputs } from './features/feature-model.js';
import type { FeatureForm } from './features/layout.js';
import type { ModelTraits } from './family.js';
import { DEFAULT_FORM, resolveForm } from './input-form.js';
import { cutPart, partWithImage, patchOfInput, type InputPart } from '../images/resize/input-part.js';
import { groupQueries, buildQueryInputs, type QueryBank, type QueryGroup, padTokenIds } from './query-groups.js';
import { openSession } from './session.js';

const TEXTS_PER_RUN = 64; // keeps the text encoder's activations below 100 MB at base size

/** How images are prepared is by default as for the family. */
export interface DetectorOptions extends Partial<InputForm> {
  readonly checkpoint: Checkpoint;
  readonly device: Device;
  readonly threads: number;
  readonly imageSize?: ImageSize; // requested; the nearest that the model takes is used. Default: its own
  readonly scoreFloor: number; // weaker boxes are not kept
  readonly minObjectness?: number; // 0–1; patches below it give no boxes
  readonly maxDetections: number; // an image
  readonly optimizer: Optimizer;
  readonly precision: Precision;
  // of the image graph; the 8-bit ones of int8. Default: the checkpoint's
  readonly imageWeights?: WeightFiles | undefined;
  readonly features?: FeatureForm | undefined; // by which boxes are found; default: in one graph
}

/** A checkpoint, opened on one device. */
export class Detector implements AsyncDisposable {
  readonly traits: ModelTraits;
  readonly inputSize: ImageSize;
  readonly fit: Fit; // how images are to be brought to `inputSize`
  readonly #artifact: Artifact;
  readonly #image: InferenceSession | FeatureModel;
  readonly #options: DetectorOptions;

  private constructor(parts: {
    traits: ModelTraits;
    artifact: Artifact;
    image: InferenceSession | FeatureModel;
    size: ImageSize;
    fit: Fit;
    options: DetectorOptions;
  }) {
    this.traits = parts.traits;
    this.#artifact = parts.artifact;
    this.#image = parts.image;
    this.inputSize = parts.size;
    this.fit = parts.fit;
    this.#options = parts.options;
  }

  /** @throws PreannotateError MODEL_INVALID, DEVICE_UNAVAILABLE */
  static async open(options: DetectorOptions): Promise<Detector> {
    const { checkpoint, maxDetections, minObjectness } = options;
    const family = familyOf(checkpoint);
    const traits = family.traits(checkpoint);
    const size = traits.inputSize(options.imageSize);
    const { fit, positions } = { ...resolveForm(traits, DEFAULT_FORM, options.imageSize), ...options };
    const artifact = await family.openArtifact(checkpoint, options);
    if (options.features !== undefined) {
      if (fit === 'unpadded') throw new Error('features of parts of the input are asked for. This is a bug.');
      const form = { ...options, ...options.features, ...{ artifact, traits, size, positions } };
      const image = await FeatureModel.open(form);
      return new Detector({ traits, artifact, image, size, fit, options });
    }
    const { graph, weightsFolder } = artifact.image({
      ...{ size, maxDetections, positions, partial: fit === 'unpadded' },
      ...(minObjectness === undefined ? {} : { minObjectness }),
    });
    const image = await openSession(graph, { ...options, weightsFolder });
    return new Detector({ traits, artifact, image, size, fit, options });
  }

  /** Boxes that one image gives, each under a `patchId` below this. */
  get patches(): number {
    return this.traits.patches(this.inputSize);
  }

  /**
   * Encodes texts. The encoder is opened for this call only: its weights are as large as the image encoder's, and the
   * embeddings of an ontology are computed once and then cached. It runs on the CPU, because what is cached must not
   * depend on the device that was asked first.
   *
   * @param tokenIds - One list a text, of at most `traits.maxTokens` ids.
   * @returns [texts, T], L2-normalised.
   */
  async encode(tokenIds: readonly (readonly number[])[]): Promise<Float32Array> {
    const { graph, weightsFolder } = this.#artifact.text();
    const optimizer = this.#options.optimizer === 'shared-weights' ? 'onnxrt' : this.#options.optimizer; // as cached
    const { threads } = this.#options;
    const session = await openSession(graph, { device: { provider: 'cpu' }, threads, optimizer, weightsFolder });
    const width = this.traits.embeddingWidth;
    const embeddings = new Float32Array(tokenIds.length * width);
    try {
      const atOnce = Math.min(this.#artifact.textsAtOnce, TEXTS_PER_RUN);
      for (let from = 0; from < tokenIds.length; from += atOnce) {
        const part = tokenIds.slice(from, from + atOnce);
        const result = await session.run({ input_ids: padTokenIds(part) });
        embeddings.set(result['embeddings']!.data as Float32Array, from * width);
      }
    } finally {
      await session.release();
    }
    return embeddings;
  }

  /** Images that one forward pass may take. */
  get imagesAtOnce(): number {
    return this.#artifact.imagesAtOnce;
  }

  /**
   * Finds, in one forward pass, in each image what its own queries describe; those of the others change nothing.
   *
   * @param pixels - [N, H, W, 3] uint8 RGB of `inputSize`, brought there as `fit` says.
   * @param originals - Sizes of the N upright images, of one `shapeOf`, in which boxes are given.
   * @param queries - A bank for each of the N images.
   * @returns Per image the best pairs of patch and class above the score floor: a class scores as its best query does.
   *   One patch may give a box for several classes; `core/select.ts` chooses one of them. Patches that an ignored
   *   query wins, and those below `minObjectness`, are left out.
   * @see transformers `OwlViTImageProcessor.post_process_object_detection`: its boxes, rounded
   */
  async detect(pixels: Uint8Array, originals: readonly Size[], queries: readonly QueryBank[]): Promise<Detection[][]> {
    if (this.#image instanceof FeatureModel) {
      return this.detectEncoded(await this.features.encode(pixels, originals.length), originals, queries);
    }
    const part = this.#partOf(originals[0]!);
    const cut = cutPart(pixels, this.inputSize, part);
    const groups = groupQueries(new Set(queries));
    const outputs = await this.#image.run({
      pixels: new ort.Tensor('uint8', cut, [originals.length, part.height, part.width, 3]),
      ...buildQueryInputs(groups, queries),
    });
    return this.#readOutputs(outputs as unknown as RankedOutputs, { originals, queries, groups });
  }

  /** Images of one shape can share a forward pass. */
  shapeOf(original: Size): string {
    const { height, width } = this.#partOf(original);
    return `${height}x${width}`;
  }

  #partOf(original: Size): InputPart {
    const shown = this.fit === 'unpadded' ? original : { width: 1, height: 1 };
    return partWithImage(this.inputSize, this.traits.patchSize, shown);
  }

  get features(): FeatureModel {
    if (this.#image instanceof FeatureModel) return this.#image;
    throw new Error('the detector was opened without features. This is a bug.');
  }

  /** What `detect` does after the first half of the model: that is `features.encode`. */
  async detectEncoded(
    inputs: readonly EncodedInput[],
    originals: readonly Size[],
    queries: readonly QueryBank[],
  ): Promise<Detection[][]> {
    const found: Detection[][] = [];
    for (const [i, input] of inputs.entries()) {
      const bank = queries[i]!;
      const { outputs, groups } = await this.features.rank(input, bank);
      found.push(...this.#readOutputs(outputs, { originals: [originals[i]!], queries: [bank], groups }));
    }
    return found;
  }

  #readOutputs(
    outputs: RankedOutputs,
    {
      originals,
      queries,
      groups,
    }: { originals: readonly Size[]; queries: readonly QueryBank[]; groups: readonly QueryGroup[] },
  ): Detection[][] {
    const rows = (name: keyof RankedOutputs) => {
      const { data, dims } = outputs[name];
      // Boxes of one image would pass for another's.
      if (dims[0] !== queries.length) throw new Error(`"${name}" is of ${dims[0]} images, not ${queries.length}`);
      const size = data.length / queries.length;
      return (image: number) => (data as Float32Array).subarray(image * size, (image + 1) * size) as unknown;
    };
    const [scores, pairs, members, boxes] = [rows('scores'), rows('pairs'), rows('members'), rows('boxes')];
    return queries.map((bank, i) => {
      const ranked = {
        scores: scores(i) as Float32Array,
        pairs: pairs(i) as BigInt64Array,
        members: members(i) as BigInt64Array,
        boxes: boxes(i) as Float32Array,
      };
      return this.#toDetections(ranked, { original: originals[i]!, bank }, groups);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#image instanceof FeatureModel) await this.#image[Symbol.asyncDispose]();
    else await this.#image.release();
  }

  #toDetections(ranked: RankedPairs, { original, bank }: RequestedImage, groups: readonly QueryGroup[]): Detection[] {
    const { scores, pairs, members, boxes } = ranked;
    const frame = fittedFrame(this.fit, original);
    const part = this.#partOf(original);
    const found: Detection[] = [];
    for (let rank = 0; rank < scores.length; rank++) {
      const score = round(scores[rank]!, SCORE_DECIMALS);
      const pair = Number(pairs[rank]);
      const column = pair % groups.length;
      const group = groups[column]!;
      // Best first; pairs with the groups of other images are behind all of its own.
      if (score <= this.#options.scoreFloor || group.bank !== bank) break;
      const patch = (pair - column) / groups.length;
      const patchId = patchOfInput(patch, part);
      const relative = [...boxes.subarray(patch * 4, patch * 4 + 4)] as unknown as Cxcywh;
      const box = roundBox(clip(cxcywhToXyxy(relative, frame), original), BOX_DECIMALS);
      const queryId = group.members[Number(members[rank])]!;
      // Nothing is left of a box in the padding or thinner than a hundredth of a pixel.
      if (area(box) > 0) found.push({ classId: group.classId, queryId, patchId, score, box });
    }
    return found.sort(compareDetections);
  }
}

/** What is wanted of one image of a run. */
interface RequestedImage {
  readonly original: Size;
  readonly bank: QueryBank;
}

/** The image graph's answer for one image. */
interface RankedPairs {
  readonly scores: Float32Array; // [K]
  readonly pairs: BigInt64Array; // [K], patch * G + group
  readonly members: BigInt64Array; // [K]
  readonly boxes: Float32Array; // [P, 4]
}
