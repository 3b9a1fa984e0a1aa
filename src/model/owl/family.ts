import { requireOwnSize } from '../export/interface.js';
import type { ImageSize } from '../artifact.js';
import type { EncoderSize, FamilyFit, ModelFamily, ModelTraits } from '../family.js';
import type { OwlCheckpoint, OwlConfig, TransformerConfig } from './config.js';
import { hasObjectnessHead } from './objectness.js';

/** In what OWL-ViT and OWLv2 differ, beside a head. */
type Differences = Pick<ModelTraits, 'title' | 'fit' | 'slicesPositions'>;

/**
 * Its original code pads with grey, in training as in inference; transformers stretches.
 *
 * @see scenic `projects/owl_vit/preprocessing/image_ops.py` resize_with_pad, transformers `OwlViTImageProcessor`
 */
const OWL_VIT_FIT: FamilyFit = { auto: 'stretch', letterbox: 'grey', unrecorded: 'stretch' };

/**
 * Its original code pads with black where it evaluates, and so does transformers since version 5; before, with grey.
 *
 * @see scenic `projects/owl_vit/evaluator.py`, transformers pull request 41938
 */
const OWLV2_FIT: FamilyFit = { auto: 'letterbox', letterbox: 'letterbox', unrecorded: 'grey' };

export const owlVit = owlFamily('owlvit', { title: 'OWL-ViT', fit: OWL_VIT_FIT, slicesPositions: false });

export const owlv2 = owlFamily('owlv2', { title: 'OWLv2', fit: OWLV2_FIT, slicesPositions: true });

/** OWL-ViT and OWLv2 have one architecture. What only workers need is imported on first use. */
function owlFamily(modelType: string, differences: Differences): ModelFamily<OwlConfig> {
  const traits = (checkpoint: OwlCheckpoint) => owlTraits(checkpoint, differences);
  return {
    modelType,
    title: differences.title,
    loadSchemas: async () => {
      const { OwlConfig: config, OwlPreprocessor: preprocessor } = await import('./config.js');
      return { config, preprocessor };
    },
    requireMatchingWeights: async (checkpoint) => {
      const { requireMatchingWeights } = await import('./check-weights.js');
      requireMatchingWeights(checkpoint);
    },
    traits,
    openTokenizer: async ({ folder, config }) => {
      const { PromptTokenizer } = await import('../tokenizer.js');
      return PromptTokenizer.open(folder, config.text_config.max_position_embeddings);
    },
    openArtifact: async (checkpoint, options) => {
      const { openOwlArtifact } = await import('./artifact.js');
      return openOwlArtifact(checkpoint, traits(checkpoint), options);
    },
    planQuantisation: async (checkpoint) => {
      const { planQuantisation } = await import('./quantisation-plan.js');
      return planQuantisation(checkpoint);
    },
  };
}

function owlTraits(checkpoint: OwlCheckpoint, differences: Differences): ModelTraits {
  const { config, exported } = checkpoint;
  const { vision_config: vision, text_config: text } = config;
  const { image_size: nativeSide, patch_size: patchSize, hidden_size: width, intermediate_size: inner } = vision;
  const ownSide = Math.floor(nativeSide / patchSize) * patchSize;
  const own = { height: ownSide, width: ownSide };
  const patches = (size: ImageSize) => Math.floor(size.height / patchSize) * Math.floor(size.width / patchSize);
  return {
    ...differences,
    ...{ nativeSide, patchSize, patches },
    takesParts: differences.slicesPositions && exported === undefined,
    embeddingWidth: text.hidden_size,
    maxTokens: text.max_position_embeddings,
    takesExamples: exported === undefined, // an export gives scores and boxes, but not the class embeddings
    hasObjectness: hasObjectnessHead(checkpoint) && exported === undefined,
    normalisesQueries: exported !== undefined,
    vision: encoderSize(vision),
    text: encoderSize(text),
    inputSize: (requested) => {
      const size = requested === undefined ? own : wholePatches(requested, patchSize);
      if (exported !== undefined) requireOwnSize(exported, size, own);
      return size;
    },
    // Of one layer: four projections and the MLP, and attention, which grows with the square.
    work: (size) => patches(size) * (4 * width * width + 2 * width * inner + 2 * patches(size) * width),
  };
}

function encoderSize(config: TransformerConfig): EncoderSize {
  return { layers: config.num_hidden_layers, width: config.hidden_size, heads: config.num_attention_heads };
}

function wholePatches({ height, width }: ImageSize, patchSize: number): ImageSize {
  const whole = (pixels: number) => Math.max(1, Math.round(pixels / patchSize)) * patchSize;
  return { height: whole(height), width: whole(width) };
}
