import type { InferenceSession } from 'onnxruntime-node';
import { clip, round, xyxyOfCxcywh, type Cxcywh, type Size, type Xyxy } from '../core/box.js';
import { BOX_DECIMALS, compareDetections, SCORE_DECIMALS, type Detection } from '../core/detection.js';
import type { Device, Optimizer } from '../core/device.js';
import { IGNORED } from '../core/ontology.js';
import type { Fit } from '../images/pack.js';
import { ort } from '../onnx/runtime.js';
import { openArtifact, type Artifact } from './artifact.js';
import type { Checkpoint } from './checkpoint.js';
import type { WeightFiles } from './weight-files.js';
import { inputSizeOf, patchesOf, type ImageSize } from './input-size.js';
import type { Precision } from '../core/precision.js';
import { openSession } from './session.js';

const TEXTS_PER_RUN = 64; // keeps the text encoder's activations below 100 MB at base size

export interface DetectorOptions {
  readonly checkpoint: Checkpoint;
  readonly device: Device;
  readonly threads: number;
  readonly imageSize?: ImageSize; // a wish, rounded to whole patches; else the checkpoint's own
  readonly scoreFloor: number; // weaker boxes are not kept
  readonly maxDetections: number; // an image
  readonly optimizer: Optimizer;
  readonly precision: Precision;
  readonly imageWeights?: WeightFiles | undefined; // of the image graph; the 8-bit ones of int8. Default: the checkpoint's
}

/** What to look for, as the model sees it. */
export interface QueryBank {
  readonly embeddings: Float32Array; // [Q, T]; the class head normalises them
  readonly classIds: readonly number[]; // [Q], index into `ontology.classes` or IGNORED
}

/** An OWL-ViT or OWLv2 checkpoint, opened on one device. */
export class Detector implements AsyncDisposable {
  readonly inputSize: ImageSize;
  readonly #artifact: Artifact;
  readonly #image: InferenceSession;
  readonly #options: DetectorOptions;

  private constructor(parts: {
    artifact: Artifact;
    image: InferenceSession;
    size: ImageSize;
    options: DetectorOptions;
  }) {
    this.#artifact = parts.artifact;
    this.#image = parts.image;
    this.inputSize = parts.size;
    this.#options = parts.options;
  }

  /** @throws PreannotateError MODEL_INVALID, DEVICE_UNAVAILABLE */
  static async open(options: DetectorOptions): Promise<Detector> {
    const { checkpoint, maxDetections } = options;
    const size = inputSizeOf(checkpoint, options.imageSize);
    const artifact = await openArtifact(checkpoint, options);
    const { graph, weightsFolder } = artifact.image({ size, maxDetections });
    const image = await openSession(graph, { ...options, weightsFolder });
    return new Detector({ artifact, image, size, options });
  }

  /** Boxes that one image gives, each under a `patchId` below this. */
  get patches(): number {
    return patchesOf(this.#options.checkpoint, this.inputSize);
  }

  /** How images must be brought to `inputSize`. */
  get fit(): Fit {
    return this.#options.checkpoint.config.model_type === 'owlvit' ? 'stretch' : 'letterbox';
  }

  /**
   * Encodes texts. The encoder is opened for this call only: its weights are as large as the image encoder's, and the
   * embeddings of an ontology are computed once and then cached. It runs on the CPU, because what is cached must not
   * depend on the device that was asked first.
   *
   * @param tokenIds - One list a text, of at most 16 ids.
   * @returns [texts, T], L2-normalised.
   */
  async encode(tokenIds: readonly (readonly number[])[]): Promise<Float32Array> {
    const { config } = this.#options.checkpoint;
    const { graph, weightsFolder } = this.#artifact.text();
    const session = await openSession(graph, { ...this.#options, device: { provider: 'cpu' }, weightsFolder });
    const width = config.text_config.hidden_size;
    const embeddings = new Float32Array(tokenIds.length * width);
    try {
      const atOnce = Math.min(this.#artifact.textsAtOnce, TEXTS_PER_RUN);
      for (let from = 0; from < tokenIds.length; from += atOnce) {
        const part = tokenIds.slice(from, from + atOnce);
        const result = await session.run({ input_ids: padded(part) });
        embeddings.set(result['embeddings']!.data as Float32Array, from * width);
      }
    } finally {
      await session.release();
    }
    return embeddings;
  }

  /**
   * Finds what the queries describe.
   *
   * @param pixels - [N, H, W, 3] uint8 RGB of `inputSize`, brought there as `fit` says.
   * @param originals - Sizes of the N upright images, in which boxes are given.
   * @returns Per image the best pairs of patch and class above the score floor: a class scores as its best query does. One
   *   patch may give a box for several classes; `core/select.ts` leaves it to the best. Patches that an ignored query wins
   *   are left out.
   * @see transformers `OwlViTImageProcessor.post_process_object_detection`: its boxes, rounded
   */
  async detect(pixels: Uint8Array, originals: readonly Size[], queries: QueryBank): Promise<Detection[][]> {
    const { height, width } = this.inputSize;
    const imageBytes = height * width * 3;
    const atOnce = Math.min(this.#artifact.imagesAtOnce, originals.length);
    const found: Detection[][] = [];
    for (let from = 0; from < originals.length; from += atOnce) {
      const part = pixels.subarray(from * imageBytes, (from + atOnce) * imageBytes);
      found.push(...(await this.#detectBatch(part, originals.slice(from, from + atOnce), queries)));
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#image.release();
  }

  async #detectBatch(pixels: Uint8Array, originals: readonly Size[], queries: QueryBank): Promise<Detection[][]> {
    const { height, width } = this.inputSize;
    const count = queries.classIds.length;
    const groups = groupsOf(queries.classIds);
    const outputs = await this.#image.run({
      pixels: new ort.Tensor('uint8', pixels, [originals.length, height, width, 3]),
      queries: new ort.Tensor('float32', queries.embeddings, [count, queries.embeddings.length / count]),
      groups: new ort.Tensor('int64', BigInt64Array.from(groups.members.flat().map(BigInt)), [
        groups.members.length,
        groups.width,
      ]),
      offsets: new ort.Tensor('float32', groups.offsets, [groups.offsets.length]),
    });
    const rows = (name: 'scores' | 'pairs' | 'members' | 'boxes') => {
      const { data } = outputs[name]!;
      const size = data.length / originals.length;
      return (image: number) => data.slice(image * size, (image + 1) * size);
    };
    const [scores, pairs, members, boxes] = [rows('scores'), rows('pairs'), rows('members'), rows('boxes')];
    return originals.map((original, i) => {
      const ranked = {
        scores: scores(i) as Float32Array,
        pairs: pairs(i) as BigInt64Array,
        members: members(i) as BigInt64Array,
        boxes: boxes(i) as Float32Array,
      };
      return this.#detectionsOf(ranked, original, groups);
    });
  }

  #detectionsOf({ scores, pairs, members, boxes }: RankedPairs, original: Size, groups: QueryGroups): Detection[] {
    const side = Math.max(original.width, original.height);
    const frame = this.fit === 'stretch' ? original : { width: side, height: side };
    const found: Detection[] = [];
    for (let rank = 0; rank < scores.length; rank++) {
      const score = round(scores[rank]!, SCORE_DECIMALS);
      if (score <= this.#options.scoreFloor) break; // best first
      const pair = Number(pairs[rank]);
      const group = pair % groups.members.length;
      const patchId = (pair - group) / groups.members.length;
      const at = patchId * 4;
      const relative: Cxcywh = [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!];
      const box = roundedBox(clip(xyxyOfCxcywh(relative, frame), original));
      const queryId = groups.members[group]![Number(members[rank])]!;
      // Nothing is left of a box in the padding or thinner than a hundredth of a pixel.
      if (box[2] > box[0] && box[3] > box[1])
        found.push({ classId: groups.classIds[group]!, queryId, patchId, score, box });
    }
    return found.sort(compareDetections);
  }
}

/** The image graph's answer for one image. */
interface RankedPairs {
  readonly scores: Float32Array; // [K]
  readonly pairs: BigInt64Array; // [K], patch * G + group
  readonly members: BigInt64Array; // [K]
  readonly boxes: Float32Array; // [P, 4]
}

/** Queries by class, as the image graph takes them. */
interface QueryGroups {
  readonly classIds: readonly number[]; // [G], ascending; IGNORED first where there is one
  readonly members: readonly (readonly number[])[]; // [G, M] query ids; short rows repeat their last
  readonly width: number; // M
  readonly offsets: Float32Array; // [G]
}

function groupsOf(queryClassIds: readonly number[]): QueryGroups {
  const byClass = new Map<number, number[]>();
  queryClassIds.forEach((classId, queryId) => byClass.set(classId, [...(byClass.get(classId) ?? []), queryId]));
  const classIds = [...byClass.keys()].sort((a, b) => a - b);
  const width = Math.max(...[...byClass.values()].map((ids) => ids.length));
  const members = classIds.map((classId) => {
    const ids = byClass.get(classId)!;
    return [...ids, ...Array<number>(width - ids.length).fill(ids.at(-1)!)];
  });
  return {
    classIds,
    members,
    width,
    offsets: Float32Array.from(classIds, (classId) => (classId === IGNORED ? -Infinity : 0)),
  };
}

function roundedBox(box: Xyxy): Xyxy {
  return [
    round(box[0], BOX_DECIMALS),
    round(box[1], BOX_DECIMALS),
    round(box[2], BOX_DECIMALS),
    round(box[3], BOX_DECIMALS),
  ];
}

/** Ids of several texts as one matrix, filled up with token 0. */
function padded(tokenIds: readonly (readonly number[])[]) {
  const length = Math.max(...tokenIds.map((ids) => ids.length));
  const matrix = new BigInt64Array(tokenIds.length * length);
  tokenIds.forEach((ids, row) => matrix.set(ids.map(BigInt), row * length));
  return new ort.Tensor('int64', matrix, [tokenIds.length, length]);
}
