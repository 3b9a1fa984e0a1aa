import { PreannotateError, type Failure } from '../../core/errors.js';
import { ruleFor } from '../../core/inference/example-rule.js';
import type { InputForm } from '../../core/inference/input-form.js';
import { findPlace, labelOf, type Example } from '../../core/ontology.js';
import { readCached, sha256Of, writeCached } from '../../disk/cache.js';
import type { EncodedExample } from '../../model/example-encoder.js';
import { traitsOf } from '../../model/families.js';
import type { Encoded, ExampleRequest } from '../protocol.js';
import type { QuerySource } from './prepared-queries.js';

const CACHE_VERSION = 3; // raised when the same picture would give another embedding, or what is kept changes

const CHOICE_BYTES = 40; // a box and an IoU in float64

type Encode = (what: { type: 'encode-examples'; examples: readonly ExampleRequest[] }) => Promise<Encoded>;

/** What encoding the examples of one ontology depends on. */
type ExampleSource = Pick<
  QuerySource,
  'model' | 'imageSize' | 'exampleRule' | 'examplesAreStored' | 'places' | keyof InputForm
>;

/** What an example's embedding depends on, as one key. */
export function makeCacheKey(
  { sha256, box }: Example,
  { model, imageSize, exampleRule, fit, positions }: Omit<ExampleSource, 'places'>,
): string {
  const traits = traitsOf(model.checkpoint);
  const { height, width } = traits.inputSize(imageSize);
  const rule = ruleFor(traits, exampleRule);
  const seen = [height, width, rule, fit, positions];
  return sha256Of(JSON.stringify([CACHE_VERSION, model.key, sha256, box ?? 'whole', ...seen]));
}

/**
 * Queries of examples: from the disk cache, else through the image encoder, once.
 *
 * @throws PreannotateError ONTOLOGY_INVALID naming where each example was written that cannot be used; MODEL_INVALID
 *   when this form of model cannot take examples.
 */
export async function embedExamples(
  examples: readonly Example[],
  source: ExampleSource,
  encode: Encode,
): Promise<EncodedExample[]> {
  if (examples.length === 0) return [];
  assertTakesExamples(source);
  if (source.examplesAreStored === true) return await encodeMissing(examples, source, encode); // no encoder is needed
  const keys = examples.map((example) => makeCacheKey(example, source));
  const known = await Promise.all(keys.map((key) => readEncoded(key, source)));
  const missing = known.flatMap((encoded, i) => (encoded === undefined ? [i] : []));
  if (missing.length > 0) {
    const made = await encodeMissing(
      missing.map((i) => examples[i]!),
      source,
      encode,
    );
    for (const [at, i] of missing.entries()) {
      known[i] = made[at]!;
      await writeCached('examples', keys[i]!, toBytes(made[at]!));
    }
  }
  return known.map((encoded) => encoded!);
}

async function readEncoded(key: string, { model }: Pick<QuerySource, 'model'>): Promise<EncodedExample | undefined> {
  const cached = await readCached('examples', key);
  const embeddingBytes = traitsOf(model.checkpoint).embeddingWidth * 4;
  if (cached?.length !== embeddingBytes + CHOICE_BYTES) return undefined;
  const { buffer } = Uint8Array.from(cached);
  const [x1, y1, x2, y2, iou] = [...new Float64Array(buffer.slice(embeddingBytes))];
  const choice = { box: [x1!, y1!, x2!, y2!], iou: iou! } as const;
  return { embedding: new Float32Array(buffer.slice(0, embeddingBytes)), choice };
}

/** The form in the cache. */
function toBytes({ embedding, choice: { box, iou } }: EncodedExample): Uint8Array {
  return Buffer.concat([new Uint8Array(embedding.buffer), new Uint8Array(Float64Array.of(...box, iou).buffer)]);
}

async function encodeMissing(
  examples: readonly Example[],
  { places }: ExampleSource,
  encode: Encode,
): Promise<EncodedExample[]> {
  const { embeddings, choices, failures } = await encode({
    type: 'encode-examples',
    examples: examples.map(({ image, box, sha256 }) => ({
      name: image,
      sha256,
      ...(box === undefined ? {} : { box }),
    })),
  });
  if (failures.length > 0) {
    const messages = failures.map(
      ({ index, failure }) => `${findPlace(places, labelOf(examples[index]!))}: ${failure.message}`,
    );
    const hints = new Set(failures.map(({ failure }) => adviseOnExample(failure)));
    throw new PreannotateError({ code: 'ONTOLOGY_INVALID', message: messages.join('\n'), hint: [...hints].join(' ') });
  }
  const width = embeddings.length / examples.length;
  return examples.map((_, i) => ({ embedding: embeddings.slice(i * width, (i + 1) * width), choice: choices[i]! }));
}

/** An example that cannot be decoded must be replaced, where an image to annotate could be left out. */
function adviseOnExample({ code, hint }: Failure): string {
  const isOfImage = code === 'IMAGE_UNSUPPORTED' || code === 'IMAGE_UNDECODABLE' || code === 'IMAGE_TIMEOUT';
  return isOfImage
    ? 'An example must be a JPEG, PNG, WebP, TIFF, GIF, AVIF or BMP image: save it again, or name another.'
    : hint;
}

function assertTakesExamples({ model }: Pick<QuerySource, 'model'>): void {
  if (traitsOf(model.checkpoint).takesExamples) return;
  throw new PreannotateError({
    code: 'MODEL_INVALID',
    message:
      `The model "${model.reference}" cannot take examples: it does not output the class embeddings that they are ` +
      'found by.',
    hint: 'Use the checkpoint with model.safetensors, for example google/owlvit-base-patch32, or prompts alone.',
  });
}
