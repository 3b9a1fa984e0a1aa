import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, SCENES, viewsOf } from '../support/cli.js';
import { maxDifference, ROOT } from '../support/model/golden.js';
import { temporaryFolder } from '../support/temporary.js';
import { describeOnWebgpu } from '../support/model/webgpu.js';

const noGpu = { CUDA_VISIBLE_DEVICES: undefined };

/** Runs on one shipped scene. */
async function runOne(args: readonly string[], env: NodeJS.ProcessEnv = noGpu) {
  const out = join(await temporaryFolder(), 'out');
  return preannotate(['run', join(SCENES, 'scene-01.jpg'), ...EMOJI, '--out', out, ...args], { env });
}

/** The place of an error in a library's source. */
const SOURCE = /\.cc:\d|::|lambda/;

describe('without an NVIDIA GPU', () => {
  it('auto is the CPU, and the reason is printed', async () => {
    const { code, stderr } = await runOne([]);
    expect(stderr).toMatch(/Using cpu: .*\(auto: no NVIDIA GPU here\)\./);
    expect(code).toBe(0);
  });

  it('what was asked for is used without a reason', async () => {
    const { stderr } = await runOne(['--device', 'cpu', '--workers-per-device', '2', '--threads', '1']);
    expect(stderr).toMatch(/Using cpu: 2 workers a device, 1 thread each, 1 image a batch\.\n/);
  });

  it.each([
    [
      ['--device', 'cuda'],
      /device cuda cannot be used: .*CUDA libraries are not installed/,
      /preannotate doctor --setup-cuda/,
    ],
    [['--device', 'cuda:0,cuda:1', '--workers-per-device', '2'], /device cuda cannot be used/, /--device cpu/],
    [
      ['--device', 'cuda', '--optimizer', 'tensorrt'],
      /--optimizer tensorrt cannot be used: .*TensorRT libraries/,
      /preannotate doctor --setup-cuda/,
    ],
    [['--device', 'coreml'], /device coreml cannot be used/, /macOS only/],
    [['--device', 'dml'], /device dml cannot be used/, /Windows only/],
  ])('%j ends with 2 and names what it needs', async (args, message, hint) => {
    const { code, stderr } = await runOne(args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(hint);
    expect(code).toBe(2);
  });

  it('WebGPU without a driver ends with 2 and names what it needs', async () => {
    const { code, stderr } = await runOne(['--device', 'webgpu'], { VK_DRIVER_FILES: '/nowhere.json' });
    expect(stderr).toMatch(
      new RegExp(
        '^error: The device webgpu cannot be used: there is no usable Vulkan driver\\.\n' +
          'Install .*libvulkan1.*preannotate doctor',
        'm',
      ),
    );
    expect(stderr).not.toMatch(SOURCE);
    expect(code).toBe(2);
    const verbose = await runOne(['--device', 'webgpu', '-v'], { VK_DRIVER_FILES: '/nowhere.json' });
    expect(verbose.stderr).toMatch(/^Detail: .*WebGPU adapter/m);
  });
});

describe('devices and optimizers that do not go together are refused', () => {
  it.each([
    [['--optimizer', 'tensorrt'], /--optimizer tensorrt works on cuda devices only, and --device auto chose cpu \(no/],
    [['--optimizer', 'tensorrt', '--device', 'cpu'], /--optimizer is tensorrt, which works on cuda devices only\./],
    [['--optimizer', 'cudagraphs'], /--optimizer cudagraphs cannot be used: .*Node binding/],
    [['--optimizer', 'cudagraphs', '--device', 'cuda'], /--optimizer cudagraphs cannot be used: .*Node binding/],
    [['--device', 'cuda:0,cuda'], /names cuda twice; workers_per_device/],
    [['--device', 'webgpu:1'], /--device must be auto, or a list of devices/],
  ])('%j', async (args, message) => {
    const { code, stderr } = await runOne(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  it('a CUDA device beyond those that a scheduler left us is not taken from others', async () => {
    const { code, stderr } = await runOne(['--device', 'cuda:0,cuda:2'], { CUDA_VISIBLE_DEVICES: '4,6' });
    expect(stderr).toMatch(/cuda:2 cannot be used: CUDA_VISIBLE_DEVICES is "4,6"/);
    expect(code).toBe(2);
  });
});

it.each(['none', 'shared-weights'])('with --optimizer %s the boxes are the same', async (optimizer) => {
  const folder = await temporaryFolder();
  const run = (out: string, ...args: string[]) =>
    preannotate(['run', join(SCENES, 'scene-02.jpg'), ...EMOJI, '--out', join(folder, out), ...args]);
  expect((await run('onnxrt')).code).toBe(0);
  expect((await run('other', '--optimizer', optimizer)).code).toBe(0);
  const found = await boxesOf(join(folder, 'other'));
  expect(found).toHaveLength(1);
  expectSame(found, await boxesOf(join(folder, 'onnxrt')));
});

it('a batch too large for the device is halved until it fits, with one notice and the same boxes', async () => {
  const folder = await temporaryFolder();
  const fault = pathToFileURL(join(ROOT, 'test/faults/small-device.mjs')).href;
  const run = (out: string, env: NodeJS.ProcessEnv) => {
    const args = ['--max-batch-size', '8', '--workers-per-device', '2', '--out', join(folder, out)];
    return preannotate(['run', SCENES, ...EMOJI, ...args], { env });
  };
  expect((await run('roomy', {})).code).toBe(0);
  const { code, stderr } = await run('small', { NODE_OPTIONS: `--import=${fault}` });
  expect(stderr.match(/no memory for 8 images at once: batches hold 2 from now on/g)).toHaveLength(1);
  expect(stderr).not.toMatch(/died/);
  expect(code).toBe(0);
  expect(await viewsOf(join(folder, 'small'))).toEqual(await viewsOf(join(folder, 'roomy')));
});

await describeOnWebgpu('on WebGPU', () => {
  it('a run finds what it finds on the CPU', async () => {
    const folder = await temporaryFolder();
    const images = join(folder, 'images');
    await mkdir(images);
    const names = ['scene-01.jpg', 'scene-02.jpg', 'scene-23.jpg', 'scene-33.webp', 'scene-42.png'];
    for (const name of names) await cp(join(SCENES, name), join(images, name));
    const run = (device: string) =>
      preannotate(['run', images, ...EMOJI, '--device', device, '--out', join(folder, device)]);
    expect((await run('cpu')).code).toBe(0);
    const { code, stderr } = await run('webgpu');
    expect(stderr).toMatch(/Using webgpu: 1 worker a device, .* 8 images a batch\.\n/);
    expect(code).toBe(0);
    const [expected, found] = [await boxesOf(join(folder, 'cpu')), await boxesOf(join(folder, 'webgpu'))];
    expect(found.map(({ image }) => image)).toEqual(names);
    expectSame(found, expected);
  });
});

interface Found {
  readonly image: string;
  readonly detections: readonly { class: string; score: number; box: readonly number[] }[];
}

/** What a run shows by default, image by image. */
async function boxesOf(outDir: string): Promise<Found[]> {
  const images = (await journalled(outDir)) as unknown as Found[];
  return images
    .map(({ image, detections }) => ({ image, detections: detections.filter(({ score }) => score > 0.1) }))
    .sort((a, b) => (a.image < b.image ? -1 : 1));
}

/** The same classes in the same order, and boxes within half a pixel. */
function expectSame(found: readonly Found[], expected: readonly Found[]): void {
  const classes = (images: readonly Found[]) => images.map(({ detections }) => detections.map((found) => found.class));
  expect(classes(found)).toEqual(classes(expected));
  found.forEach(({ detections }, i) => {
    detections.forEach(({ score, box }, j) => {
      const reference = expected[i]!.detections[j]!;
      expect(Math.abs(score - reference.score)).toBeLessThan(0.01);
      expect(maxDifference(box, reference.box)).toBeLessThan(0.5); // pixels
    });
  });
}
