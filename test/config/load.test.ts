import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { loadSettings, requireOntologySource } from '../../src/config/load.js';
import { loadOntology } from '../../src/config/ontology/load-ontology.js';
import { ExportConfig, RunConfig } from '../../src/config/schema.js';
import { PreannotateError } from '../../src/core/errors.js';
import { findPlace } from '../../src/core/ontology.js';
import { temporaryFolder } from '../support/temporary.js';

interface Given {
  readonly flags?: Record<string, unknown>;
  readonly environment?: Record<string, string>;
  readonly config?: string; // text of ./preannotate.yaml
}

let cwd: string;
beforeEach(async () => {
  cwd = await temporaryFolder();
});

async function loadRun({ flags = {}, environment = {}, config }: Given) {
  if (config !== undefined) await writeFile(join(cwd, 'preannotate.yaml'), config);
  return loadSettings({ schema: RunConfig, flags, environment, cwd });
}

async function failureOf(given: Given): Promise<PreannotateError> {
  const error = await loadRun(given).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PreannotateError);
  expect((error as PreannotateError).code).toBe('CONFIG_INVALID');
  return error as PreannotateError;
}

describe('precedence', () => {
  it('without any source everything has its default', async () => {
    const { settings, given, configFile } = await loadRun({});
    expect(settings).toEqual({
      allowPrivate: false,
      fetchConcurrency: 8,
      fetchTimeout: 60_000,
      s3NoSignRequest: false,
      s3PathStyle: false,
      out: join(cwd, 'annotations'),
      model: 'google/owlvit-base-patch32',
      fit: 'auto',
      positions: 'auto',
      overwriteEdited: false,
      format: ['coco', 'yolo'],
      scoreThreshold: 0.1,
      scoreFloor: 0.05,
      negatives: 1,
      nms: true,
      onlyReviewed: false,
      classAgnosticNms: false,
      maxDetections: 300,
      devices: 'auto',
      batchingTimeoutSec: 0.05,
      precision: 'auto',
      featuresDtype: 'float16',
      optimizer: 'onnxrt',
      reassign: false,
      recursive: true,
      include: [],
      exclude: [],
      maxErrors: { count: 0 },
      acceptMissing: false,
      keepMissing: false,
      maxPixels: 268_402_689,
      maxBytes: 256_000_000,
      preview: 0,
      progress: 'auto',
      dryRun: false,
      resume: true,
      retryFailed: false,
      restart: false,
      forceUnlock: false,
      allowTruncate: false,
      exampleRule: 'auto',
      splitBy: 'near',
      splitSeed: 0,
      strictImages: false,
      json: false,
      quiet: false,
      verbose: false,
      watch: false,
      writeUpright: false,
    });
    expect(new Set(Object.values(given))).toEqual(new Set(['default']));
    expect(configFile).toBeUndefined();
  });

  it('a flag beats a variable, which beats the config file, which beats the default', async () => {
    const config = 'score_threshold: 0.2\nnms_iou: 0.2\nmax_detections: 20';
    const environment = { PREANNOTATE_SCORE_THRESHOLD: '0.3', PREANNOTATE_NMS_IOU: '0.3' };
    const { settings, given } = await loadRun({ flags: { score_threshold: '0.4' }, environment, config });
    expect([settings.scoreThreshold, settings.nmsIou, settings.maxDetections, settings.scoreFloor]).toEqual([
      0.4, 0.3, 20, 0.05,
    ]);
    expect([given.scoreThreshold, given.nmsIou, given.maxDetections, given.scoreFloor]).toEqual([
      'flag',
      'environment',
      'config',
      'default',
    ]);
  });

  it('a value that a stronger source replaces is not looked at', async () => {
    const { settings } = await loadRun({ flags: { score_threshold: '0.4' }, config: 'score_threshold: high' });
    expect(settings.scoreThreshold).toBe(0.4);
  });

  it('a variable that is set to nothing is not set', async () => {
    const { given } = await loadRun({ environment: { PREANNOTATE_MODEL: '' } });
    expect(given.model).toBe('default');
  });

  it('the config file is preannotate.yaml or .yml of the working folder, or the one asked for', async () => {
    await writeFile(join(cwd, 'preannotate.yml'), 'max_detections: 1');
    await writeFile(join(cwd, 'other.yaml'), 'max_detections: 2');
    const maxDetections = async (given: Given) => (await loadRun(given)).settings.maxDetections;
    expect(await maxDetections({})).toBe(1);
    expect(await maxDetections({ environment: { PREANNOTATE_CONFIG: 'other.yaml' } })).toBe(2);
    expect(
      await maxDetections({ flags: { config: 'preannotate.yml' }, environment: { PREANNOTATE_CONFIG: 'other.yaml' } }),
    ).toBe(1);
    expect((await failureOf({ flags: { config: 'none.yaml' } })).message).toBe('none.yaml: there is no such file.');
    expect((await failureOf({ config: '' })).message).toBe('There are both preannotate.yaml and preannotate.yml.');
  });

  it('a file of all commands serves each: options of others are accepted, and checked', async () => {
    await writeFile(join(cwd, 'preannotate.yaml'), 'model: m\nmax_batch_size: 4\nscore_threshold: 0.3');
    const load = () => loadSettings({ schema: ExportConfig, flags: {}, environment: {}, cwd });
    const { settings } = await load();
    expect(settings.scoreThreshold).toBe(0.3);
    expect(settings).not.toHaveProperty('model');
    await writeFile(join(cwd, 'preannotate.yaml'), 'max_batch_size: four');
    await expect(load()).rejects.toThrow('preannotate.yaml:1:17: max_batch_size must be a number, not "four".');
  });
});

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
    await mkdir(join(cwd, 'sub'));
    await writeFile(join(cwd, 'sub/a.yaml'), 'out: drafts\nontology: yard.yaml\nmodel: ./owlvit');
    const { settings } = await loadRun({ flags: { config: 'sub/a.yaml' } });
    expect(settings).toMatchObject({
      out: join(cwd, 'sub/drafts'),
      ontology: join(cwd, 'sub/yard.yaml'),
      model: join(cwd, 'sub/owlvit'),
    });
    const flags = { config: 'sub/a.yaml', out: 'here', ontology: '/there.yaml', model: 'google/owlvit-base-patch16' };
    expect((await loadRun({ flags })).settings).toMatchObject({
      out: join(cwd, 'here'),
      ontology: '/there.yaml',
      model: 'google/owlvit-base-patch16',
    });
  });
});

describe('refusals', () => {
  it('an unknown key is named with its place and the key that was meant', async () => {
    const { message, hint } = await failureOf({ config: 'model: m\n\nscore_treshold: 0.2' });
    expect(message).toBe('preannotate.yaml:3:1: unknown key "score_treshold".');
    expect(hint).toBe('Did you mean "score_threshold"?');
  });

  it.each([
    ['score_threshold: 2', '1:18: score_threshold must be at most 1, not 2.'],
    ['score_threshold:', '1:1: score_threshold must be a number, not nothing.'],
    ['score_threshold: .nan', '1:18: score_threshold must be a number, not NaN.'],
    ['max_batch_size: 1.5', '1:17: max_batch_size must be a whole number, not 1.5.'],
    ['max_batch_size: [8]', '1:17: max_batch_size must be a number, not a list.'],
    ['model: 7', '1:8: model must be text, not 7.'],
    ['recursive: maybe', '1:12: recursive must be true or false, not "maybe".'],
    ['format: [coco, kitti]', '1:16: format[1] must be one of coco, yolo'],
    ['format: []', '1:9: format is empty.'],
    ['format: [coco, coco]', '1:16: format[1] names coco twice.'],
    ['devices: [cpu, gpu]', '1:10: devices must be auto, or a list of devices such as'],
    ['devices: [cuda, cuda:0]', '1:10: devices names cuda:0 twice'],
    ['devices: [auto, cpu]', 'not "auto".'],
    ['image_size: 8', '1:13: image_size must be at least 16, not 8.'],
    ['image_size: [768]', '1:13: image_size must be a size in pixels'],
    ['max_errors: 101%', '1:13: max_errors must be a number of images, or a share of them such as 5%, not "101%".'],
    ['max_errors: -1', '1:13: max_errors must be'],
    ['max_bytes: 5 lightyears', '1:12: max_bytes must be a size of at least 1 byte'],
    ['max_bytes: 0', '1:12: max_bytes must be a size of at least 1 byte'],
    ['preview: 0.5', '1:10: preview must be true, false or a whole number from 1, not 0.5.'],
    ['ontology: 7', '1:11: ontology must be the path of a file, or a mapping, not 7.'],
    [
      'optimizer: cudagraph',
      '1:12: optimizer must be one of onnxrt, none, shared-weights, tensorrt, cudagraphs, not "cudagraph".',
    ],
    ['- model', '1:1: the file is not a mapping of settings.'],
    ['restart: true', '1:1: restart cannot be set in preannotate.yaml.'],
    ['model: a\nmodel: b', '2:1: the key "model" comes twice'],
  ])('%j in a file is refused at its place', async (config, message) => {
    expect((await failureOf({ config })).message).toContain(message);
    expect((await failureOf({ config })).message).toMatch(/^preannotate\.yaml:\d+:\d+: /);
  });

  it('a misspelt choice is an error that suggests the nearest one', async () => {
    expect((await failureOf({ config: 'optimizer: cudagraph' })).hint).toBe('Did you mean "cudagraphs"?');
  });

  it('a flag and a variable are called by their names', async () => {
    const { message } = await failureOf({
      flags: { devices: ['gpu'], score_threshold: 'high' },
      environment: { PREANNOTATE_NMS_IOU: '5' },
    });
    expect(message.split('\n').sort()).toEqual([
      '--device must be auto, or a list of devices such as cpu, cuda, cuda:1, webgpu, coreml, dml, not "gpu".',
      '--score-threshold must be a number, not "high".',
      'PREANNOTATE_NMS_IOU must be at most 1, not 5.',
    ]);
  });

  it('a misspelt variable is refused; one that is like none of ours is left alone', async () => {
    const { message, hint } = await failureOf({ environment: { PREANNOTATE_SCORE_TRESHOLD: '0.2' } });
    expect(message).toBe('Unknown variable PREANNOTATE_SCORE_TRESHOLD.');
    expect(hint).toBe('Did you mean "PREANNOTATE_SCORE_THRESHOLD"?');
    await expect(loadRun({ environment: { PREANNOTATE_DEPLOYMENT_RING: '7' } })).resolves.toBeDefined();
  });

  it('a variable for what only a flag can say is refused', async () => {
    expect((await failureOf({ environment: { PREANNOTATE_RESTART: '1' } })).message).toContain('PREANNOTATE_RESTART');
  });

  it('all problems of a file are reported at once', async () => {
    const { message } = await failureOf({ config: 'nms_iou: 5\nmodell: x\nscore_floor: -1' });
    expect(
      message
        .split('\n')
        .map((line) => line.split(': ')[0])
        .sort(),
    ).toEqual(['preannotate.yaml:1:10', 'preannotate.yaml:2:1', 'preannotate.yaml:3:14']);
  });

  it('control characters of a file do not reach the terminal', async () => {
    const { message } = await failureOf({ config: '"a\\e[31m": 1' });
    expect(message).toContain('"a\\u001b[31m"');
  });
});

describe('settings that exclude each other', () => {
  it('are an error where both are in the config file', async () => {
    const { message } = await failureOf({ config: 'nms: false\nclass_agnostic_nms: true' });
    expect(message).toMatch(/^preannotate\.yaml:1:6: nms and preannotate\.yaml:2:21: class_agnostic_nms/);
  });

  it('are settled by the stronger source, where they come from two', async () => {
    const config = 'verbose: true\nnms_iou: 0.3\nclass_agnostic_nms: true\nontology: yard.yaml';
    const { settings, given } = await loadRun({ flags: { quiet: true, nms: false, class: ['bottle'] }, config });
    expect(settings).toMatchObject({ quiet: true, verbose: false, nms: false, classAgnosticNms: false });
    expect(settings).not.toHaveProperty('nmsIou');
    expect(settings).not.toHaveProperty('ontology');
    expect([given.verbose, given.nmsIou, given.ontology]).toEqual(['default', 'default', 'default']);
    expect((await loadRun({ flags: { nms_iou: '0.3' }, config: 'nms: false' })).settings).toMatchObject({
      nms: true,
      nmsIou: 0.3,
    });
  });

  it('a threshold of an export is not held against a floor that the run may not have had', async () => {
    const { settings } = await loadSettings({
      schema: ExportConfig,
      flags: { score_threshold: '0.01' },
      environment: {},
      cwd,
    });
    expect(settings.scoreThreshold).toBe(0.01);
  });
});

describe('the source of the ontology', () => {
  it('is the file named', async () => {
    expect(requireOntologySource(await loadRun({ flags: { ontology: 'yard.yaml' } }))).toEqual({
      file: join(cwd, 'yard.yaml'),
    });
  });

  it('is taken from --class', async () => {
    expect(requireOntologySource(await loadRun({ flags: { class: ['a', 'b=c,d'] } }))).toEqual({
      classes: ['a', 'b=c,d'],
    });
  });

  it('is the mapping in the config file, and its problems are reported with their place there', async () => {
    const good = requireOntologySource(await loadRun({ config: 'ontology:\n  a bottle: bottle\n' }));
    const { spec, places } = await loadOntology(good);
    expect(spec.classes).toEqual([{ name: 'bottle', id: 1, prompts: ['a bottle'] }]);
    expect(findPlace(places, 'a bottle')).toBe('preannotate.yaml:2:3');
    const bad = requireOntologySource(
      await loadRun({ config: 'ontology:\n  classes:\n    - { name: x, prompts: [7] }' }),
    );
    await expect(loadOntology(bad)).rejects.toThrow(
      'preannotate.yaml:3:28: classes[0].prompts[0] must be text, not 7.',
    );
  });

  it('must be there', async () => {
    const loaded = await loadRun({});
    expect(() => requireOntologySource(loaded)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
