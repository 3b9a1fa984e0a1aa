import { describe, expect, it } from 'vitest';
import { selectModelFiles } from '../../src/hub/files.js';

const BASE = ['config.json', 'tokenizer.json'];

describe('the selection of files in a repository', () => {
  it.each<[string, string[], Parameters<typeof selectModelFiles>[1], string[]]>([
    [
      'safetensors over every other form',
      ['pytorch_model.bin', 'onnx/model.onnx', 'model.safetensors'],
      'fp16',
      ['model.safetensors'],
    ],
    [
      'the shards of model.safetensors with their index',
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
      'the next form when a shard is missing',
      ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'pytorch_model.bin'],
      'auto',
      ['pytorch_model.bin'],
    ],
    [
      'the shards of pytorch_model.bin with their index',
      ['pytorch_model.bin.index.json', 'pytorch_model-00001-of-00001.bin'],
      'auto',
      ['pytorch_model.bin.index.json', 'pytorch_model-00001-of-00001.bin'],
    ],
    [
      'the fp32 export for auto',
      ['onnx/model_quantized.onnx', 'onnx/model.onnx', 'onnx/model_fp16.onnx'],
      'auto',
      ['onnx/model.onnx'],
    ],
    [
      'the fp16 export with its data file',
      ['onnx/model.onnx', 'onnx/model_fp16.onnx', 'onnx/model_fp16.onnx_data'],
      'fp16',
      ['onnx/model_fp16.onnx', 'onnx/model_fp16.onnx_data'],
    ],
    [
      'the quantised export for int8',
      ['onnx/model.onnx', 'onnx/model_quantized.onnx'],
      'int8',
      ['onnx/model_quantized.onnx'],
    ],
    [
      'the fp32 export with its data files',
      ['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1'],
      'auto',
      ['onnx/model.onnx', 'onnx/model.onnx_data', 'onnx/model.onnx_data_1'],
    ],
    ['no fp32 export when int8 is requested', ['onnx/model.onnx'], 'int8', []],
    ['no quantised export when fp32 is requested', ['onnx/model_quantized.onnx'], 'fp32', []],
  ])('chooses %s', (_title, names, precision, weights) => {
    expect(selectModelFiles([...BASE, ...names], precision).weights).toEqual(weights);
  });

  it('names the preferred weights that are missing, and none when the best are present', () => {
    expect(selectModelFiles([...BASE, 'onnx/model_quantized.onnx'], 'auto').better).toEqual([
      'onnx/model.onnx',
      'onnx/model_fp16.onnx',
    ]);
    expect(selectModelFiles([...BASE, 'model.safetensors'], 'int8').better).toEqual([]);
  });

  it('ignores unknown names, hostile ones included', () => {
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

  it('is usable with a configuration, a tokenizer in either form, and weights', () => {
    const usable = (...names: string[]) => selectModelFiles(names, 'auto').usable;
    expect(usable('config.json', 'vocab.json', 'merges.txt', 'model.safetensors')).toBe(true);
    expect(usable('config.json', 'vocab.json', 'model.safetensors')).toBe(false);
    expect(usable('tokenizer.json', 'model.safetensors')).toBe(false);
    expect(usable('config.json', 'tokenizer.json')).toBe(false);
  });
});
