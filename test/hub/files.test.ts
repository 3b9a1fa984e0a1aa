import { describe, expect, it } from 'vitest';
import { selectModelFiles } from '../../src/hub/files.js';

const BASE = ['config.json', 'tokenizer.json'];

describe('which files of a repository are fetched', () => {
  it.each<[string, string[], Parameters<typeof selectModelFiles>[1], string[]]>([
    [
      'safetensors before anything else',
      ['pytorch_model.bin', 'onnx/model.onnx', 'model.safetensors'],
      'fp16',
      ['model.safetensors'],
    ],
    [
      'the shards of safetensors, with their index',
      [
        'model.safetensors.index.json',
        'model-00002-of-00002.safetensors',
        'model-00001-of-00002.safetensors',
        'pytorch_model.bin',
      ],
      'auto',
      ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
    ],
    [
      'the next form, when a shard is missing',
      ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'pytorch_model.bin'],
      'auto',
      ['pytorch_model.bin'],
    ],
    [
      'the shards of PyTorch',
      ['pytorch_model.bin.index.json', 'pytorch_model-00001-of-00001.bin'],
      'auto',
      ['pytorch_model.bin.index.json', 'pytorch_model-00001-of-00001.bin'],
    ],
    [
      'the full export',
      ['onnx/model_quantized.onnx', 'onnx/model.onnx', 'onnx/model_fp16.onnx'],
      'auto',
      ['onnx/model.onnx'],
    ],
    [
      'the export of half precision',
      ['onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_fp16.onnx_data'],
      'fp16',
      ['onnx/model_fp16.onnx', 'onnx/model_fp16.onnx_data'],
    ],
    ['the quantised export', ['onnx/model.onnx', 'onnx/model_quantized.onnx'], 'int8', ['onnx/model_quantized.onnx']],
    [
      'the full export with the files beside it',
      ['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1'],
      'auto',
      ['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1'],
    ],
    ['no full export when int8 is asked for: it could not be opened as such', ['onnx/model.onnx'], 'int8', []],
    ['no quantised export when fp32 is asked for', ['onnx/model_quantized.onnx'], 'fp32', []],
  ])('%s', (_title, names, precision, weights) => {
    expect(selectModelFiles([...BASE, ...names], precision).weights).toEqual(weights);
  });

  it('says which better weights were missing, and nothing when the best are there', () => {
    expect(selectModelFiles([...BASE, 'onnx/model_quantized.onnx'], 'auto').better).toEqual([
      'onnx/model.onnx',
      'onnx/model_fp16.onnx',
    ]);
    expect(selectModelFiles([...BASE, 'model.safetensors'], 'int8').better).toEqual([]);
  });

  it('ignores every name that it does not know, hostile ones too', () => {
    const hostile = [
      '../../config.json',
      '/etc/passwd',
      'onnx/../model.safetensors',
      'README.md',
      'onnx/model.onnx_data/../x',
    ];
    const chosen = selectModelFiles([...BASE, 'onnx/model.onnx', ...hostile], 'auto');
    expect([...chosen.small, ...chosen.weights]).toEqual([...BASE, 'onnx/model.onnx']);
  });

  it('is usable with a configuration, a tokenizer of either form, and weights', () => {
    const usable = (...names: string[]) => selectModelFiles(names, 'auto').usable;
    expect(usable('config.json', 'vocab.json', 'merges.txt', 'model.safetensors')).toBe(true);
    expect(usable('config.json', 'vocab.json', 'model.safetensors')).toBe(false);
    expect(usable('tokenizer.json', 'model.safetensors')).toBe(false);
    expect(usable('config.json', 'tokenizer.json')).toBe(false);
  });
});
