import type { FeatureDtype } from '../../core/inference/feature-dtype.js';
import type { ImageSize } from '../artifact.js';
import type { ModelTraits } from '../family.js';

/** Which features a detector computes with. */
export interface FeatureForm {
  readonly dtype: FeatureDtype; // of class embeddings
  readonly exact: boolean; // boxes come from what was computed, not from what is kept of it
  readonly storedOnly?: boolean; // images are known by hash, and none is read or encoded
}

/** What one tensor of features holds for one input of the model: an image, or a tile of it. */
export interface FeatureLayout {
  readonly name: string;
  readonly type: FeatureDtype;
  readonly shape: readonly number[];
}

/** What decides what there is of each input. */
interface EncodedBy {
  readonly traits: ModelTraits;
  readonly size: ImageSize;
  readonly dtype: FeatureDtype;
}

/** What is kept of one input: class embeddings in the type that is asked for, and little else. */
export function layoutOf({ traits, size, dtype }: EncodedBy): readonly FeatureLayout[] {
  const patches = traits.patches(size);
  const small = (name: string, ...last: number[]): FeatureLayout => ({
    name,
    type: 'float32',
    shape: [patches, ...last],
  });
  return [
    { name: 'class_embeds', type: dtype, shape: [patches, traits.embeddingWidth] },
    small('logit_shift'),
    small('logit_scale'),
    small('boxes', 4),
    ...(traits.hasObjectness ? [small('objectness_logits')] : []),
  ];
}

/** Bytes of the features of one input. */
export function featureBytes(form: EncodedBy): number {
  return bytesOfLayout(layoutOf(form));
}

/** The same, where the layout is known. */
export function bytesOfLayout(layout: readonly FeatureLayout[]): number {
  const widths = { float16: 2, float32: 4 } as const;
  return layout.reduce((sum, { type, shape }) => sum + widths[type] * shape.reduce((a, b) => a * b), 0);
}
