import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../src/config/load.js';
import { RunConfig, ServeConfig } from '../../src/config/schema.js';
import { PreannotateError } from '../../src/core/errors.js';

type Flags = Readonly<Record<string, unknown>>;

async function conflictOf(schema: typeof RunConfig | typeof ServeConfig, flags: Flags): Promise<string | undefined> {
  try {
    await loadSettings({ schema, flags, environment: {}, cwd: '/' });
    return undefined;
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    expect(error.hint).not.toBe('');
    return error.message;
  }
}

describe('flags that cannot be used together are an error, as are', () => {
  it.each<[flags: Flags, message: string]>([
    [{ quiet: true, verbose: true }, '--quiet and --verbose contradict each other.'],
    [{ class: ['cup'], ontology: 'yard.yaml' }, '--class and --ontology contradict each other.'],
    [{ nms: false, nms_iou: '0.3' }, '--no-nms and --nms-iou contradict each other.'],
    [{ nms: false, class_agnostic_nms: true }, '--no-nms and --class-agnostic-nms contradict each other.'],
    [
      { score_threshold: '0.1', score_floor: '0.2' },
      '--score-threshold is 0.1, but nothing is stored below the score_floor of 0.2.',
    ],
    [
      { tiles: '640', max_pixels: '800000000' },
      '--max-pixels is 800000000, but images that are cut into tiles may have 715000000 pixels at most.',
    ],
    [{ features_dtype: 'float32' }, '--features-dtype has no effect without --features.'],
    [{ features_max_bytes: '1GB' }, '--features-max-bytes has no effect without --features.'],
    [{ precision: 'int8', devices: 'cpu,cuda' }, '--precision is int8, which runs on a CPU only.'],
    [{ optimizer: 'tensorrt', devices: 'cuda,cpu' }, '--optimizer is tensorrt, which works on cuda devices only.'],
    [{ optimizer: 'shared-weights', devices: 'cpu,cuda' }, '--optimizer is shared-weights, which works on a CPU only.'],
    [
      { optimizer: 'shared-weights', precision: 'int8' },
      '--optimizer is shared-weights, which is for fp32, and the precision is int8.',
    ],
  ])('%j of every command', async (flags, message) => {
    expect(await conflictOf(RunConfig, flags)).toBe(message);
    expect(await conflictOf(ServeConfig, flags)).toBe(message);
  });

  it.each<[flags: Flags, message: string]>([
    [
      { batching_timeout_sec: '2', timeout_sec: '1' },
      '--batching-timeout-sec is 2, but requests fail after 1 s (timeout_sec).',
    ],
    [{ features: 'f', features_max_bytes: '1GB' }, '--features-max-bytes has no effect on a folder that is only read.'],
    [{ tls_cert: 'a.pem' }, '--tls-cert is only half of what HTTPS needs.'],
    [{ tls_key: 'a.pem' }, '--tls-key is only half of what HTTPS needs.'],
  ])('%j of serve', async (flags, message) => {
    expect(await conflictOf(ServeConfig, flags)).toBe(message);
  });

  it.each<[flags: Flags, message: string]>([
    [{ limit: 5 }, '--retry-failed annotates the images that failed, which --limit would choose from.'],
    [{ sample: 5 }, '--retry-failed annotates the images that failed, which --sample would choose from.'],
    [{ restart: true }, '--restart annotates all images again, --retry-failed only those that failed.'],
  ])('--retry-failed with %j of run', async (flags, message) => {
    expect(await conflictOf(RunConfig, { retry_failed: true, ...flags })).toBe(message);
    expect(await conflictOf(RunConfig, { retry_failed: true })).toBeUndefined();
  });

  it('--resume and --restart of run', async () => {
    const flags = { resume: true, restart: true };
    expect(await conflictOf(RunConfig, flags)).toBe('--resume and --restart contradict each other.');
  });
});

describe('flags that can be used together are accepted, as are', () => {
  it.each<[flags: Flags]>([
    [{ score_floor: '0.2' }], // above the default of score_threshold
    [{ precision: 'int8' }],
    [{ optimizer: 'tensorrt', devices: 'cuda:0,cuda:1' }],
    [{ timeout_sec: '0', batching_timeout_sec: '2' }], // no limit
    [{ tls_cert: 'a.pem', tls_key: 'b.pem' }],
    [{ class_agnostic_nms: true, nms_iou: '0.3' }],
  ])('%j of serve', async (flags) => {
    expect(await conflictOf(ServeConfig, flags)).toBeUndefined();
  });
});

it('settings of stored features are accepted where they have an effect, or come from the environment', async () => {
  const limited = { features: 'f', features_max_bytes: '1GB' };
  expect(await conflictOf(RunConfig, limited)).toBeUndefined();
  expect(await conflictOf(ServeConfig, { ...limited, features_write: true })).toBeUndefined();
  const environment = { PREANNOTATE_FEATURES_DTYPE: 'float32', PREANNOTATE_FEATURES_MAX_BYTES: '1GB' };
  await loadSettings({ schema: RunConfig, flags: {}, environment, cwd: '/' });
});
