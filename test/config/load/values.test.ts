import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Given, useWorkingFolder } from './working-folder.js';

const { failureOf, folder, loadRun } = useWorkingFolder();

describe('values', () => {
  it("the tutorial's settings are understood under their own names", async () => {
    const config = `
model: google/owlvit-base-patch32
image_size: [1080, 1920]
max_batch_size: 8
batching_timeout_sec: 0.05
device: cuda
workers_per_device: 2
optimizer: onnxrt
ontology:
  a bottle: bottle
  glass bottle: bottle`;
    const { settings } = await loadRun({ config });
    expect(settings).toMatchObject({
      model: 'google/owlvit-base-patch32',
      imageSize: { height: 1080, width: 1920 },
      maxBatchSize: 8,
      batchingTimeoutSec: 0.05,
      devices: [{ provider: 'cuda' }],
      workersPerDevice: 2,
      optimizer: 'onnxrt',
      ontology: { 'a bottle': 'bottle', 'glass bottle': 'bottle' },
    });
  });

  it.each([
    ['image_size', '640', { height: 640, width: 640 }],
    ['image_size', '1080,1920', { height: 1080, width: 1920 }],
    ['devices', 'auto', 'auto'],
    [
      'devices',
      'cuda:0, cuda:1',
      [
        { provider: 'cuda', index: 0 },
        { provider: 'cuda', index: 1 },
      ],
    ],
    ['format', 'yolo', ['yolo']],
    ['format', 'yolo,coco', ['yolo', 'coco']],
    ['max_errors', '7', { count: 7 }],
    ['max_errors', '2.5%', { share: 0.025 }],
    ['max_bytes', '5MB', 5_000_000],
    ['max_bytes', '1.5 MiB', 1_572_864],
    ['max_bytes', '4096', 4096],
    ['preview', 'true', Infinity],
    ['preview', '20', 20],
    ['preview', '1', 1],
    ['recursive', 'no', false],
    ['strict_images', '1', true],
    ['ext', '.JPG,png,jpg', ['jpg', 'png']],
    ['include', 'a/*.{jpg,png}', ['a/*.{jpg,png}']],
    ['score_threshold', '1e-1', 0.1],
  ] as const)('%s reads %j alike from a flag, a variable and a file', async (key, text, expected) => {
    const name = key.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const sources: Given[] = [
      { flags: { [key]: text } },
      { environment: { [`PREANNOTATE_${key.toUpperCase()}`]: text } },
      { config: `${key}: ${JSON.stringify(text)}` },
    ];
    for (const source of sources) expect((await loadRun(source)).settings).toHaveProperty(name, expected);
  });

  it('a file may use lists and numbers where flags have text', async () => {
    const config =
      'image_size: [768, 1024]\ndevices: [cuda:0, cpu]\nformat: [yolo]\nmax_bytes: 1000\nmax_errors: 3\npreview: ' +
      '5\nexclude: [a, b]';
    const { settings } = await loadRun({ config });
    expect(settings).toMatchObject({
      imageSize: { height: 768, width: 1024 },
      devices: [{ provider: 'cuda', index: 0 }, { provider: 'cpu' }],
      format: ['yolo'],
      maxBytes: 1000,
      maxErrors: { count: 3 },
      preview: 5,
      exclude: ['a', 'b'],
    });
  });

  it('a repeated flag adds up', async () => {
    const { settings } = await loadRun({
      flags: { format: ['yolo', 'coco'], devices: ['cuda:0,cuda:1', 'cuda:2'], include: ['a,b', 'c'] },
    });
    expect(settings.format).toEqual(['yolo', 'coco']);
    expect(settings.devices).toHaveLength(3);
    expect(settings.include).toEqual(['a,b', 'c']);
  });

  it('`device` is another name of `devices`, in files and variables', async () => {
    expect((await loadRun({ config: 'device: cuda' })).settings.devices).toEqual([{ provider: 'cuda' }]);
    expect((await loadRun({ environment: { PREANNOTATE_DEVICE: 'cpu' } })).settings.devices).toEqual([
      { provider: 'cpu' },
    ]);
    const { message } = await failureOf({ config: 'device: cuda\ndevices: cpu' });
    expect(message).toBe('preannotate.yaml:2:1: devices and device are the same setting.');
  });

  it('paths are absolute; those in a config file are relative to it', async () => {
    await mkdir(join(folder(), 'sub'));
    await writeFile(join(folder(), 'sub/a.yaml'), 'out: drafts\nontology: yard.yaml\nmodel: ./owlvit');
    const { settings } = await loadRun({ flags: { config: 'sub/a.yaml' } });
    expect(settings).toMatchObject({
      out: join(folder(), 'sub/drafts'),
      ontology: join(folder(), 'sub/yard.yaml'),
      model: join(folder(), 'sub/owlvit'),
    });
    const flags = { config: 'sub/a.yaml', out: 'here', ontology: '/there.yaml', model: 'google/owlvit-base-patch16' };
    expect((await loadRun({ flags })).settings).toMatchObject({
      out: join(folder(), 'here'),
      ontology: '/there.yaml',
      model: 'google/owlvit-base-patch16',
    });
  });
});
