import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCudaProblem } from '../../../src/workers/devices/choose-devices.js';
import { readCudaState } from '../../../src/workers/devices/cuda.js';
import { writeLibrary } from '../../support/system/elf.js';
import { temporaryFolder } from '../../support/temporary.js';

/** The state of a machine that has only the `present` libraries of those that the providers of CUDA 13 need. */
async function stateWith(present: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const folder = await temporaryFolder();
  const libraries = join(folder, 'lib');
  await mkdir(libraries);
  const needed = ['libonnxruntime_providers_shared.so', 'libcublasLt.so.13', 'libcudnn.so.9', 'libcudart.so.13'];
  await writeLibrary(join(folder, 'libonnxruntime_providers_cuda.so'), { needed });
  await writeLibrary(join(folder, 'libonnxruntime_providers_tensorrt.so'), { needed: ['libnvinfer.so.10'] });
  for (const name of present) await writeLibrary(join(libraries, name), {});
  return readCudaState(environment, { folder, paths: { libraryPath: [libraries], cache: new Map(), folders: [] } });
}

const DRIVER = 'libcuda.so.1';
const CUDA = ['libcublasLt.so.13', 'libcudnn.so.9', 'libcudart.so.13'];

describe.skipIf(process.arch !== 'x64')('the reason why CUDA cannot start (needs x64)', () => {
  it('is undefined where all libraries are installed', async () => {
    expect(findCudaProblem(await stateWith([DRIVER, ...CUDA]))).toBeUndefined();
  });

  it('is that the libraries of ONNX Runtime’s provider are not installed', async () => {
    const state = readCudaState({}, { folder: await temporaryFolder() });
    expect(findCudaProblem(state)?.message).toMatch(/ONNX Runtime's CUDA libraries are not installed/);
    expect(findCudaProblem(state, 'tensorrt')?.message).toMatch(/ONNX Runtime's TensorRT libraries are not installed/);
  });

  it('is that there is no driver', async () => {
    expect(findCudaProblem(await stateWith(CUDA))).toMatchObject({
      message: expect.stringMatching(/no NVIDIA driver/),
      hint: expect.stringMatching(/--gpus all/),
    });
  });

  it('lists missing libraries in the version that the provider needs, and the packages that contain them', async () => {
    const state = await stateWith([DRIVER, 'libcudart.so.12', 'libcublasLt.so.13']);
    expect(findCudaProblem(state)?.message).toBe(
      'The device cuda cannot be used: libraries are missing: ' +
        'libcudnn.so.9 (from cuDNN 9 (apt: cudnn9-cuda-<CUDA version>)), ' +
        'libcudart.so.13 (from the CUDA 13 toolkit (apt: cuda-cudart-13-x)).',
    );
  });

  it('includes TensorRT only where it is requested', async () => {
    const state = await stateWith([DRIVER, ...CUDA]);
    expect(findCudaProblem(state, 'tensorrt')?.message).toMatch(/libnvinfer\.so\.10 \(from TensorRT 10/);
    expect(findCudaProblem(await stateWith([DRIVER, ...CUDA, 'libnvinfer.so.10']), 'tensorrt')).toBeUndefined();
  });
});

describe.skipIf(process.arch !== 'x64')('the state of CUDA (needs x64)', () => {
  it('counts the GPUs that this process may use', async () => {
    expect((await stateWith([], { CUDA_VISIBLE_DEVICES: '2,MIG-a1b2' })).gpus).toBe(2);
  });
});
