import { describe, expect, it } from 'vitest';
import type { DetectorOptions } from '../../src/api/detector-types.js';
import type { Format, SelectionOptions } from '../../src/api/options.js';
import type { AnnotateOptions, ExportOptions } from '../../src/api/run-types.js';
import { loadOptions, optionNamesOf } from '../../src/config/program-options.js';
import { DetectorConfig, ExportConfig, RunConfig, SelectionConfig } from '../../src/config/schema.js';
import { formatNames, type FormatName } from '../../src/formats/index.js';
import type { z } from 'zod';

/** A value of every option, each in a form of its own type. */
type Every<Options> = { readonly [Key in keyof Options]-?: Exclude<Options[Key], undefined> };

type OfCall = 'signal' | 'onNote' | 'onDownload' | 'onProgress' | 'paths' | 'config';

const selection: Every<SelectionOptions> = {
  scoreThreshold: 0.3,
  nmsIou: 0.4,
  nms: true,
  classAgnosticNms: true,
  maxDetections: 20,
};

const remote = {
  ...{ fetchConcurrency: 2, fetchTimeout: '5s', allowPrivate: true },
  ...{ s3Endpoint: 'http://minio:9000', s3PathStyle: true, s3NoSignRequest: true },
};

const views = {
  format: ['coco', 'csv'],
  images: 'copy',
  split: { train: 0.8, val: 0.2 },
  splitBy: 'folder',
  splitSeed: 3,
  reassign: true,
  negatives: 0.1,
  onlyReviewed: true,
  writeUpright: true,
  overwriteEdited: true,
  preview: 5,
} as const;

const lock = { takeOverAfter: '5m', forceUnlock: true };

const model = {
  ontology: { classes: ['cup'] },
  model: 'builtin:emoji',
  imageSize: [480, 640],
  fit: 'stretch',
  positions: 'auto',
  tiles: { size: 640, overlap: 0.2 },
  exampleRule: 'auto',
  minObjectness: 0.1,
  allowTruncate: true,
  scoreFloor: 0.1,
} as const;

const device = {
  device: ['cpu'],
  workersPerDevice: 2,
  threads: 1,
  maxBatchSize: 4,
  batchingTimeoutSec: 0.1,
  precision: 'fp32',
  optimizer: 'onnxrt',
} as const;

const limits = { maxPixels: 1e6, maxBytes: '20MB', strictImages: true };

const detector: Every<Omit<DetectorOptions, OfCall | 'class'>> = {
  ...{ ...selection, ...remote, ...model, ...device, ...limits },
};

const exported: Every<Omit<ExportOptions, OfCall>> = {
  ...{ ...selection, ...views, ...lock, ...remote },
  imagesRoot: 'photos',
};

const annotated: Every<
  Omit<AnnotateOptions, OfCall | 'class' | 'sample' | 'watch' | 'shard' | 'restart' | 'keepMissing' | 'queue'>
> = {
  ...{ ...selection, ...views, ...lock, ...remote, ...model, ...device, ...limits },
  ...{ out: 'drafts', recursive: false, include: 'a/**', exclude: ['b/**'], ext: 'jpg', retryFailed: false, limit: 3 },
  ...{ acceptMissing: true, maxErrors: '5%', maxRuntime: '50m' },
  ...{ features: 'features', featuresDtype: 'float32', featuresMaxBytes: '1GB', queueCa: 'ca.pem' },
};

/** Options that exclude one of those above. */
const others: Every<
  Pick<AnnotateOptions, 'class' | 'sample' | 'watch' | 'shard' | 'restart' | 'keepMissing' | 'queue'>
> = {
  class: ['cup'],
  sample: 3,
  watch: true,
  shard: '1/2',
  restart: true,
  keepMissing: true,
  queue: 'redis://localhost:6379',
};

/** About the output of a command. */
const OF_COMMANDS = ['json', 'quiet', 'verbose', 'summary', 'junit', 'dryRun', 'resume'];

const CASES: [name: string, schema: z.ZodObject, options: object, names: object][] = [
  ['openDetector', DetectorConfig, detector, { ...detector, class: '' }],
  ['annotate', RunConfig, annotated, { ...annotated, ...others }],
  ['export', ExportConfig, exported, exported],
  ['images', SelectionConfig, selection, selection],
];

describe('the types of options', () => {
  it.each(CASES)('of %s have the options of the command', (_, schema, __, names) => {
    const known = [...optionNamesOf(schema).keys()].filter((name) => !OF_COMMANDS.includes(name));
    // The --progress of a command is its output too.
    expect(Object.keys(names).sort()).toEqual(known.filter((name) => !/^(progress|logFormat)$/.test(name)).sort());
  });

  it.each(CASES)('of %s allow what the schema reads', async (_, schema, options) => {
    const { settings } = await loadOptions(schema, { ...options });
    expect(settings).toMatchObject({ scoreThreshold: 0.3, nmsIou: 0.4 });
  });

  it.each(Object.entries(others))('allow what the schema reads for %s', async (name, value) => {
    const { settings } = await loadOptions(RunConfig, { [name]: value });
    expect(settings).toHaveProperty(name);
  });

  it('name the formats that there are', () => {
    const names: Record<Format, FormatName> & Record<FormatName, Format> = {
      ...{ coco: 'coco', yolo: 'yolo', voc: 'voc', 'label-studio': 'label-studio' },
      ...{ cvat: 'cvat', labelme: 'labelme', csv: 'csv', huggingface: 'huggingface' },
    };
    expect(Object.keys(names).sort()).toEqual([...formatNames].sort());
  });
});

describe('the options of a program', () => {
  it.each([
    ['an option that there is not', { formats: 'coco' }, 'options: unknown key "formats".', 'format'],
    ['a number that is too large', { scoreThreshold: 7 }, 'scoreThreshold must be at most 1, not 7.', '0.07'],
    ['a word that there is not', { format: ['coco', 'yolov8'] }, 'format[1] must be one of', 'yolo'],
    ['a value of another type', { device: {} }, 'device must be auto, or a list of devices', ''],
    ['a config file that is none', { config: 3 }, 'config must be the path of a YAML file, not 3.', ''],
    ['two that exclude each other', { limit: 3, sample: 3 }, 'limit', 'one'],
  ])('are refused by their names: %s', async (_, options, message, hint) => {
    const refused = loadOptions(RunConfig, options);
    await expect(refused).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(message) as string,
      hint: expect.stringContaining(hint) as string,
    });
  });

  it('do not count where they are undefined, and neither does the environment', async () => {
    process.env['PREANNOTATE_SCORE_THRESHOLD'] = '0.7';
    try {
      const { settings, given } = await loadOptions(RunConfig, { scoreThreshold: undefined });
      expect([settings.scoreThreshold, given.scoreThreshold]).toEqual([0.1, 'default']);
    } finally {
      delete process.env['PREANNOTATE_SCORE_THRESHOLD'];
    }
  });
});
