import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Device, Optimizer } from '../../core/device.js';

import type { FeatureDtype } from '../../core/inference/feature-dtype.js';
import { IGNORED } from '../../core/ontology.js';
import { ort } from '../../onnx/runtime.js';
import type { Artifact, EncodingGraphOptions, ImageSize } from '../artifact.js';
import type { ModelTraits } from '../family.js';
import { layoutOf, type FeatureForm, type FeatureLayout } from './layout.js';
import { buildQueryInputs, groupQueries, type QueryBank, type QueryGroup } from '../query-groups.js';
import { openSession } from '../session.js';

/** The features of one input of the model: the bytes of each tensor, row-major, little-endian. */
export interface EncodedInput {
  readonly tensors: ReadonlyMap<string, Uint8Array>;
  readonly exact?: Uint8Array; // class embeddings as they were computed, float32
}

interface FeatureModelOptions extends FeatureForm, Pick<EncodingGraphOptions, 'positions'> {
  readonly artifact: Artifact;
  readonly traits: ModelTraits;
  readonly size: ImageSize;
  readonly maxDetections: number;
  readonly minObjectness?: number | undefined;
  readonly device: Device;
  readonly threads: number;
  readonly optimizer: Optimizer;
}

/** What the query graph is given of a bank, the same for all images. */
interface BankInputs {
  readonly groups: readonly QueryGroup[];
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly isPlain: boolean; // its groups are its queries
  members?: Tensor; // then, of as many pairs as there are
}

/** The outputs of the image graph. */
export type RankedOutputs = Readonly<Record<'scores' | 'pairs' | 'members' | 'boxes', Tensor>>;

/**
 * The image graph in two halves: what can be kept of an image, and the boxes by it. Both halves run for every image, so
 * that its boxes do not depend on whether its features were computed now or read.
 */
export class FeatureModel implements AsyncDisposable {
  readonly layout: readonly FeatureLayout[];
  readonly #encoding: InferenceSession | undefined; // undefined where all that is ranked is stored
  readonly #query: InferenceSession;
  readonly #plainQuery: InferenceSession; // for one query a class
  readonly #options: FeatureModelOptions;
  readonly #banks = new WeakMap<QueryBank, BankInputs>();

  private constructor(parts: {
    encoding: InferenceSession | undefined;
    query: InferenceSession;
    plainQuery: InferenceSession;
    options: FeatureModelOptions;
  }) {
    this.#encoding = parts.encoding;
    this.#query = parts.query;
    this.#plainQuery = parts.plainQuery;
    this.#options = parts.options;
    this.layout = layoutOf(parts.options);
  }

  /** @throws PreannotateError MODEL_INVALID, DEVICE_UNAVAILABLE */
  static async open(options: FeatureModelOptions): Promise<FeatureModel> {
    const { artifact, size, positions, dtype, exact, maxDetections, minObjectness } = options;
    const graphs = artifact.features;
    if (graphs === undefined) throw new Error('this model gives no features. This is a bug.');
    const openEncoding = async () => {
      const first = graphs.encoding({ size, dtype, exact, ...(positions === undefined ? {} : { positions }) });
      return await openSession(first.graph, { ...options, weightsFolder: first.weightsFolder });
    };
    const form = {
      ...{ size, maxDetections, dtype: exact ? ('float32' as const) : dtype },
      ...(minObjectness === undefined ? {} : { minObjectness }),
    };
    const encoding = options.storedOnly === true ? undefined : await openEncoding();
    try {
      // Little work, on what is in this process: a GPU would have to be given the features of every image.
      const openQuery = async (oneQueryAClass: boolean) => {
        const { graph, weightsFolder } = graphs.query({ ...form, oneQueryAClass });
        return await openSession(graph, { ...options, device: { provider: 'cpu' }, weightsFolder });
      };
      const [query, plainQuery] = [await openQuery(false), await openQuery(true)];
      return new FeatureModel({ encoding, query, plainQuery, options });
    } catch (error) {
      await encoding?.release();
      throw error;
    }
  }

  /** @param pixels - [N, H, W, 3], as the detector takes them. */
  async encode(pixels: Uint8Array, count: number): Promise<EncodedInput[]> {
    const { height, width } = this.#options.size;
    if (this.#encoding === undefined) throw new Error('pixels are to be encoded without the encoder. This is a bug.');
    const outputs = await this.#encoding.run({
      pixels: new ort.Tensor('uint8', pixels, [count, height, width, 3]),
    });
    const rows = (name: string) => {
      const bytes = bytesOf(outputs[name]!);
      const size = bytes.length / count;
      return (index: number) => bytes.subarray(index * size, (index + 1) * size);
    };
    const parts = this.layout.map(({ name }) => [name, rows(name)] as const);
    const exact = this.#options.exact ? rows('exact_class_embeds') : undefined;
    return Array.from({ length: count }, (_, index) => ({
      tensors: new Map(parts.map(([name, row]) => [name, row(index)])),
      ...(exact === undefined ? {} : { exact: exact(index) }),
    }));
  }

  /** What the image graph gives for one input. Several at once would take longer: their logits leave the caches. */
  async rank(input: EncodedInput, bank: QueryBank): Promise<{ outputs: RankedOutputs; groups: readonly QueryGroup[] }> {
    const { exact, minObjectness = 0 } = this.#options;
    const prepared = this.#inputsOf(bank);
    const { groups, inputs, isPlain } = prepared;
    const feeds: Record<string, Tensor> = { ...inputs };
    let boxes: Tensor | undefined;
    for (const { name, type, shape } of this.layout) {
      if (name === 'objectness_logits' && minObjectness === 0) continue;
      const isExact = exact && name === 'class_embeds';
      const bytes = isExact ? input.exact! : input.tensors.get(name)!;
      const tensor = toTensor(bytes, isExact ? 'float32' : type, [1, ...shape]);
      if (name === 'boxes') boxes = tensor;
      else feeds[name] = tensor;
    }
    const { scores, pairs, members } = await (isPlain ? this.#plainQuery : this.#query).run(feeds);
    const won = members ?? (prepared.members ??= firstMembers(pairs!.dims));
    return { outputs: { scores: scores!, pairs: pairs!, members: won, boxes: boxes! }, groups };
  }

  #inputsOf(bank: QueryBank): BankInputs {
    const known = this.#banks.get(bank);
    if (known !== undefined) return known;
    const groups = groupQueries([bank]);
    const { queries, ...others } = buildQueryInputs(groups, [bank]);
    const isPlain = groups.every(({ classId, members }, i) => classId !== IGNORED && members.join() === String(i));
    const made = { groups, inputs: isPlain ? { queries } : { queries, ...others }, isPlain };
    this.#banks.set(bank, made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#encoding?.release();
    await this.#query.release();
    await this.#plainQuery.release();
  }
}

function bytesOf({ data }: Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = data as Uint8Array;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function firstMembers(dims: readonly number[]): Tensor {
  return new ort.Tensor('int64', new BigInt64Array(dims.reduce((a, b) => a * b)), dims);
}

function toTensor({ buffer, byteOffset, byteLength }: Uint8Array, type: FeatureDtype, dims: readonly number[]): Tensor {
  if (type === 'float16') {
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
    // Of a Float16Array, which Node 24 has and the library then makes of these, its native part reads nothing.
    return Object.defineProperty(new ort.Tensor('float16', halves, dims), 'data', { value: halves });
  }
  return new ort.Tensor('float32', new Float32Array(buffer, byteOffset, byteLength / 4), dims);
}
