import { describe, expect, it } from 'vitest';
import { useWorkingFolder } from './working-folder.js';

const { failureOf, loadRun } = useWorkingFolder();

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
