import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { editConfig, openModel, tinyFolder } from '../../support/model/tiny-folder.js';

/** Keys of both towers, with wrong values for a checkpoint of widths 64 and 32, 3 and 2 layers and 4 heads. */
const WRONG: Readonly<Record<string, readonly unknown[]>> = {
  hidden_size: [0, -64, 48, 1e300, 2.5, null, '64', [64], true],
  intermediate_size: [0, 7, 1e12, null],
  num_hidden_layers: [0, 1, 9, 1e9, 1.5, null],
  num_attention_heads: [0, -1, 3, 5, 1e9, 2.5, null, '4', {}],
  layer_norm_eps: [0, -1, 1e300, null],
  hidden_act: ['relu', null, 7],
};
const WRONG_VISION = { patch_size: [0, -16, 7, 20, 32, 97, 1e9, 2.5, null], image_size: [0, 10, 500, 1e9, 95.5, null] };
const WRONG_TEXT = { max_position_embeddings: [0, 8, 1e9, 1.5, null] };

const cases = [
  ...Object.entries({ ...WRONG, ...WRONG_VISION }).map(([key, values]) => ['vision_config', key, values] as const),
  ...Object.entries({ ...WRONG, ...WRONG_TEXT }).map(([key, values]) => ['text_config', key, values] as const),
];

async function expectRefusal(folder: string, file: string, ...words: string[]) {
  const error = await openModel(folder).then(
    () => ({ code: 'accepted', message: words.join(' ') }),
    (thrown: unknown) => thrown as { code: string; message: string },
  );
  expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining(`${folder}/${file}`) });
  for (const word of words) expect(error.message).toContain(word);
  expect(error.message).not.toContain('\n');
}

describe('config.json', () => {
  it.each(cases)('is refused for a wrong %s.%s, naming the file and the key', async (tower, key, values) => {
    for (const value of values) {
      const folder = await tinyFolder();
      await editConfig(folder, [tower, key], value);
      await expectRefusal(folder, 'config.json', tower, key);
    }
  });

  it.each(['vision_config', 'text_config'])('is refused when its %s is no object', async (tower) => {
    for (const value of ['x', 7, [], true]) {
      const folder = await tinyFolder();
      await editConfig(folder, [tower], value);
      await expectRefusal(folder, 'config.json', `the value at ${tower} is wrong: expected object`);
    }
  });

  it('is refused when it holds another form of JSON', async () => {
    for (const text of ['null', '[]', '7', '{}', '{"model_type": null}', '{"model_type": ["owlvit"]}', '']) {
      const folder = await tinyFolder();
      await writeFile(join(folder, 'config.json'), text);
      await expectRefusal(folder, 'config.json');
    }
  });

  it('that is right is accepted, also with an image_size that is not a multiple of the patch_size', async () => {
    const folder = await tinyFolder();
    await openModel(folder);
    await editConfig(folder, ['vision_config', 'image_size'], 100); // 6 whole patches of 16, as of 96
    await openModel(folder);
  });
});

describe('preprocessor_config.json', () => {
  it.each(['null', '[]', '{"image_mean": null}', '{"image_mean": [1]}', '{"image_std": [0, 1, 1]}'])(
    'is refused with %s',
    async (text) => {
      const folder = await tinyFolder();
      await writeFile(join(folder, 'preprocessor_config.json'), text);
      await expectRefusal(folder, 'preprocessor_config.json');
    },
  );
});

describe('model.safetensors.index.json', () => {
  it.each<[what: string, weightMap: unknown]>([
    ['an empty name', { a: '' }],
    ['NUL', { a: '\0' }],
    ['a name with NUL', { a: 'model\0.safetensors' }],
    ['this folder', { a: '.' }],
    ['the folder above', { a: '..' }],
    ['a file above', { a: '../x.safetensors' }],
    ['an absolute name', { a: '/etc/passwd.safetensors' }],
    ['a name with a backslash', { a: '..\\x.safetensors' }],
    ['itself', { a: 'model.safetensors.index.json' }],
    ['an extension alone', { a: '.safetensors' }],
    ['a file of another kind', { a: 'config.json' }],
    ['a file that is not there', { a: 'model-00001-of-00001.safetensors' }],
    ['5,000 files', Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`t${i}`, `m${i}.safetensors`]))],
    ['a number', { a: 7 }],
    ['null', { a: null }],
    ['nothing', {}],
    ['a list', []],
  ])('is refused when it names %s', async (_what, weight_map) => {
    const folder = await tinyFolder();
    await rm(join(folder, 'model.safetensors'));
    await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    await expectRefusal(folder, 'model.safetensors.index.json');
  });
});
