import type { Precision, RequestedPrecision } from '../core/precision.js';

/** The files of a repository that make up the model. */
export interface ModelFiles {
  readonly small: readonly string[]; // configuration and tokenizer
  readonly weights: readonly string[]; // empty when there are none in a supported form
  readonly usable: boolean; // has every file that the model requires
  readonly better: readonly string[]; // weights that would be preferred but are missing
}

const SMALL = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'vocab.json',
  'merges.txt',
];

/** The files of a transformers.js export in `onnx/`, highest precision first. */
export const EXPORT_FILES: Readonly<Record<Precision, string>> = {
  fp32: 'model.onnx',
  fp16: 'model_fp16.onnx',
  int8: 'model_quantized.onnx',
};

/**
 * Selects the files to fetch from a repository: small files, and weights as model.safetensors or its shards, else
 * pytorch_model.bin or its shards, else the transformers.js export for the precision.
 *
 * @param names - Paths in the repository. Unknown names are ignored, hostile ones included.
 */
export function selectModelFiles(names: readonly string[], precision: RequestedPrecision): ModelFiles {
  const present = new Set(names);
  const small = SMALL.filter((name) => present.has(name));
  const hasTokenizer = present.has('tokenizer.json') || (present.has('vocab.json') && present.has('merges.txt'));
  const { weights, better } = selectWeights(present, precision);
  return { small, weights, better, usable: present.has('config.json') && hasTokenizer && weights.length > 0 };
}

function selectWeights(
  present: ReadonlySet<string>,
  precision: RequestedPrecision,
): Pick<ModelFiles, 'weights' | 'better'> {
  for (const single of ['model.safetensors', 'pytorch_model.bin']) {
    if (present.has(single)) return { weights: [single], better: [] };
    const shards = findShards(present, single);
    if (shards.length > 0) return { weights: [`${single}.index.json`, ...shards], better: [] };
  }
  const names = precision === 'auto' ? Object.values(EXPORT_FILES) : [EXPORT_FILES[precision]];
  const wanted = names.map((name) => `onnx/${name}`);
  const found = wanted.find((name) => present.has(name));
  if (found === undefined) return { weights: [], better: [] };
  const data = new RegExp(`^${found.replaceAll('.', '\\.')}_data(_\\d+)?$`);
  const better = wanted.slice(0, wanted.indexOf(found));
  return { weights: [found, ...[...present].filter((name) => data.test(name)).sort()], better };
}

/** model.safetensors -> model-00001-of-00003.safetensors and so on; empty unless every shard is present. */
function findShards(present: ReadonlySet<string>, single: string): string[] {
  if (!present.has(`${single}.index.json`)) return [];
  const dot = single.lastIndexOf('.');
  const pattern = new RegExp(`^${single.slice(0, dot)}-\\d{5}-of-(\\d{5})\\${single.slice(dot)}$`);
  const shards = [...present].filter((name) => pattern.test(name)).sort();
  const count = Number(pattern.exec(shards[0] ?? '')?.[1]);
  return shards.length === count ? shards : [];
}
