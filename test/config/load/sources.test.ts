import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.js';
import { ExportConfig } from '../../../src/config/schema.js';
import { type Given, useWorkingFolder } from './working-folder.js';

const { failureOf, folder, loadRun } = useWorkingFolder();

describe('precedence', () => {
  it('without any source everything has its default', async () => {
    const { settings, given, configFile } = await loadRun({});
    expect(settings).toEqual({
      allowPrivate: false,
      fetchConcurrency: 8,
      fetchTimeout: 60_000,
      s3NoSignRequest: false,
      s3PathStyle: false,
      out: join(folder(), 'annotations'),
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
    await writeFile(join(folder(), 'preannotate.yml'), 'max_detections: 1');
    await writeFile(join(folder(), 'other.yaml'), 'max_detections: 2');
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
    await writeFile(join(folder(), 'preannotate.yaml'), 'model: m\nmax_batch_size: 4\nscore_threshold: 0.3');
    const load = () => loadSettings({ schema: ExportConfig, flags: {}, environment: {}, cwd: folder() });
    const { settings } = await load();
    expect(settings.scoreThreshold).toBe(0.3);
    expect(settings).not.toHaveProperty('model');
    await writeFile(join(folder(), 'preannotate.yaml'), 'max_batch_size: four');
    await expect(load()).rejects.toThrow('preannotate.yaml:1:17: max_batch_size must be a number, not "four".');
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
      cwd: folder(),
    });
    expect(settings.scoreThreshold).toBe(0.01);
  });
});
