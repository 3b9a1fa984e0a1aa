/** What is known of a checkpoint that its authors published, and the settings that it is used with. */
export interface PublishedCheckpoint {
  readonly id: string; // on the Hugging Face Hub
  readonly lvisAp: number; // percent, LVIS v1 val
  readonly lvisApRare: number; // the same for its rare classes, whose boxes were left out of training
  readonly imageSide: number; // pixels of the square input
  readonly weightsMb: number; // 10^6 bytes in float32
  /** Time of an image in fp32, in times that of base/32. */
  readonly relativeTime: { readonly value: number; readonly how: 'measured' | 'computed' };
  readonly imagesPerSec?: { readonly fp32: number; readonly int8: number }; // where they were measured
  readonly settings: RecommendedSettings;
  readonly sources: Readonly<Record<string, string>>; // addresses, by what they say
}

/** Of prompts; examples need a threshold of their own. */
interface RecommendedSettings {
  readonly scoreThreshold: number;
  readonly templates: 'owl' | 'none';
  readonly fit: 'stretch' | 'letterbox';
}

/** Where `imagesPerSec` was measured. */
export const MEASURED_ON = '2 cores of an Intel Xeon with AMX, 1280x960 JPEGs, 2 prompts';

const SCENIC = 'https://github.com/google-research/scenic';
const TRANSFORMERS = 'https://github.com/huggingface/transformers';
const AP = `${SCENIC}/blob/main/scenic/projects/owl_vit/README.md#pretrained-checkpoints`;
const TEMPLATES = `${SCENIC}/issues/888`; // OWL-ViT was trained with templates, the self-training of OWLv2 without

/** Stretched images and 0.1 are the defaults of transformers, which no other figures are published for. */
const OWL_VIT = {
  settings: { scoreThreshold: 0.1, templates: 'owl', fit: 'stretch' },
  sources: {
    ap: AP,
    templates: TEMPLATES,
    fit: `${TRANSFORMERS}/blob/main/src/transformers/models/owlvit/image_processing_owlvit.py`,
    score_threshold: `${TRANSFORMERS}/blob/main/src/transformers/models/owlvit/processing_owlvit.py`,
  },
} as const;

const OWLV2 = {
  settings: { scoreThreshold: 0.2, templates: 'owl', fit: 'letterbox' },
  sources: {
    ap: AP,
    templates: TEMPLATES,
    fit: `${TRANSFORMERS}/pull/41938`,
    score_threshold: `${SCENIC}/blob/main/scenic/projects/owl_vit/notebooks/OWL_ViT_minimal_example.ipynb`,
  },
} as const;

/** Self-trained on bare n-grams of texts of web pages, and not fine-tuned. */
const OWLV2_BARE = { ...OWLV2, settings: { ...OWLV2.settings, templates: 'none' } } as const;

const OWL_VIT_B32 = {
  imageSide: 768,
  weightsMb: 613,
  relativeTime: { value: 1, how: 'measured' },
  imagesPerSec: { fp32: 2.48, int8: 7.3 },
} as const;
const OWL_VIT_B16 = { imageSide: 768, weightsMb: 611, relativeTime: { value: 5.3, how: 'computed' } } as const;
const OWL_VIT_L14 = { imageSide: 840, weightsMb: 1736, relativeTime: { value: 31, how: 'computed' } } as const;
const OWLV2_B16 = {
  imageSide: 960,
  weightsMb: 620,
  relativeTime: { value: 9.5, how: 'measured' },
  imagesPerSec: { fp32: 0.26, int8: 0.443 },
} as const;
const OWLV2_L14 = { imageSide: 1008, weightsMb: 1750, relativeTime: { value: 52, how: 'computed' } } as const;

/** Every checkpoint of the families that is published on the Hub, by family and size. */
export const PUBLISHED: readonly PublishedCheckpoint[] = [
  { id: 'google/owlvit-base-patch32', lvisAp: 19.3, lvisApRare: 16.9, ...OWL_VIT_B32, ...OWL_VIT },
  { id: 'google/owlvit-base-patch16', lvisAp: 20.8, lvisApRare: 17.1, ...OWL_VIT_B16, ...OWL_VIT },
  { id: 'google/owlvit-large-patch14', lvisAp: 34.6, lvisApRare: 31.2, ...OWL_VIT_L14, ...OWL_VIT },
  { id: 'google/owlv2-base-patch16', lvisAp: 26.5, lvisApRare: 29.5, ...OWLV2_B16, ...OWLV2_BARE },
  { id: 'google/owlv2-base-patch16-finetuned', lvisAp: 41.4, lvisApRare: 36.2, ...OWLV2_B16, ...OWLV2 },
  { id: 'google/owlv2-base-patch16-ensemble', lvisAp: 43.9, lvisApRare: 40.5, ...OWLV2_B16, ...OWLV2 },
  { id: 'google/owlv2-large-patch14', lvisAp: 32.8, lvisApRare: 34.6, ...OWLV2_L14, ...OWLV2_BARE },
  { id: 'google/owlv2-large-patch14-finetuned', lvisAp: 48.8, lvisApRare: 44.0, ...OWLV2_L14, ...OWLV2 },
  { id: 'google/owlv2-large-patch14-ensemble', lvisAp: 44.6, lvisApRare: 42.6, ...OWLV2_L14, ...OWLV2 },
];
