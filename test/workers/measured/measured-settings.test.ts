import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { findModel, type Model } from '../../../src/model/source.js';
import { describeWorkload, type EngineJob } from '../../../src/workers/start-engine.js';
import { choosePlacement, describeKnownGain, measuredWorkOf } from '../../../src/workers/measured/choose-placement.js';
import {
  describeMachine,
  forgetMeasured,
  readMeasured,
  rememberMeasured,
  type MeasuredSetting,
} from '../../../src/workers/measured/measured-settings.js';
import { temporaryFolder } from '../../support/temporary.js';

const CPU = [{ provider: 'cpu' }] as const;

const WORKER: EngineJob['worker'] = {
  scoreFloor: 0.05,
  maxDetections: 300,
  maxPixels: 1e8,
  maxBytes: 1e8,
  strictImages: false,
  optimizer: 'onnxrt',
  exampleRule: 'auto',
};

const FP32: MeasuredSetting = {
  precision: 'fp32',
  workersPerDevice: 3,
  threads: 2,
  maxBatchSize: 2,
  imagesPerSecond: 10,
};
const INT8: MeasuredSetting = { ...FP32, precision: 'int8', imagesPerSecond: 34 };

let model: Model;

beforeEach(async () => {
  vi.stubEnv('XDG_CACHE_HOME', await temporaryFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
  const watcher = { onStart: () => {}, onProgress: () => {}, onEnd: () => {} } as never; // nothing is downloaded
  model = await findModel('builtin:emoji', { precision: 'auto', watcher, variables: {} });
});

const work = () => measuredWorkOf({ worker: WORKER }, { devices: CPU, model });

function choose(images: number, placement = {}, precision: 'auto' | 'fp32' = 'auto') {
  const job = { worker: WORKER, placement, precision };
  return choosePlacement(job, { devices: CPU, model, workload: describeWorkload(job, model, images) });
}

describe('what was measured', () => {
  it('is used by a run that leaves the division of the work open, and that says so', async () => {
    await rememberMeasured(work(), [FP32]);
    const { placement, why } = await choose(1000);
    expect(placement).toMatchObject({ workersPerDevice: 3, threads: 2, maxBatchSize: 2 });
    expect(why).toMatch(/^fastest in `preannotate bench` on \d{4}-\d\d-\d\d$/);
  });

  it('is not used where the user asks for another division, or there are few images', async () => {
    await rememberMeasured(work(), [FP32]);
    expect((await choose(1000, { threads: 1 })).why).toBeUndefined();
    expect((await choose(1000, { threads: 2 })).placement).toMatchObject({ workersPerDevice: 3, maxBatchSize: 2 });
    expect((await choose(10)).why).toBeUndefined();
  });

  it('is not used on another machine, for another size, or once it is forgotten', async () => {
    const machine = describeMachine();
    await rememberMeasured(work(), [FP32]);
    expect(await readMeasured(work())).toMatchObject({ best: [FP32] });
    for (const other of [{ cpu: 'another' }, { cores: machine.cores + 1 }, { memoryBytes: machine.memoryBytes / 2 }]) {
      expect(await readMeasured(work(), { ...machine, ...other })).toBeUndefined();
    }
    expect(await readMeasured({ ...work(), modelKey: 'another' })).toBeUndefined();
    expect(await readMeasured({ ...work(), isTiled: true })).toBeUndefined();
    expect(await readMeasured({ ...work(), inputSize: { height: 32, width: 32 } })).toBeUndefined();
    expect(await readMeasured({ ...work(), devices: [{ provider: 'webgpu' }] })).toBeUndefined();
    await forgetMeasured();
    expect(await readMeasured(work())).toBeUndefined();
  });

  it('keeps what is known of another precision', async () => {
    await rememberMeasured(work(), [FP32]);
    await rememberMeasured(work(), [INT8]);
    expect((await readMeasured(work()))?.best).toEqual([INT8, FP32]);
  });
});

describe('int8', () => {
  it('is mentioned with its gain and cost where it is more than three times faster', async () => {
    await rememberMeasured(work(), [FP32, INT8]);
    const { notes, placement } = await choose(1000);
    expect(placement.workersPerDevice).toBe(3);
    expect(notes).toEqual([expect.stringMatching(/int8 annotates 3\.4 times .*34 instead of 10.*0\.929 to 0\.923/)]);
  });

  it('is mentioned without a measurement on CPUs with AMX, of models of the size of OWL-ViT base/32', () => {
    const traits = {
      vision: { layers: 12, width: 768, heads: 12 },
      inputSize: () => ({ height: 768, width: 768 }),
      patches: () => 576,
    };
    const amx = new Set(['avx512_vnni', 'amx_int8']);
    expect(describeKnownGain(traits, amx)).toMatch(/^about 3 times as many images a second on a CPU with AMX/);
    expect(describeKnownGain(traits, new Set(['avx512_vnni']))).toBeUndefined();
    expect(describeKnownGain(traits, undefined)).toBeUndefined();
    expect(describeKnownGain({ ...traits, patches: () => 3600 }, amx)).toBeUndefined(); // OWLv2: attention decides
    expect(describeKnownGain({ ...traits, vision: { ...traits.vision, width: 192 } }, amx)).toBeUndefined();
  });

  it('is not mentioned where it is slower than that, or precision was chosen', async () => {
    await rememberMeasured(work(), [FP32, INT8]);
    expect((await choose(1000, {}, 'fp32')).notes).toEqual([]);
    await rememberMeasured(work(), [{ ...INT8, imagesPerSecond: 30 }]);
    expect((await choose(1000)).notes).toEqual([]);
  });
});
