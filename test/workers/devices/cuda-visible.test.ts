import { describe, expect, it } from 'vitest';
import { makeCudaEnvironment, listVisibleCudaDevices } from '../../../src/workers/devices/cuda-visible.js';

const environmentOf = (index: number | undefined, visible?: string) =>
  makeCudaEnvironment(
    { provider: 'cuda', ...(index === undefined ? {} : { index }) },
    visible === undefined ? {} : { CUDA_VISIBLE_DEVICES: visible },
  );

describe('the CUDA devices of this process', () => {
  it.each([
    [undefined, undefined],
    ['0,1', ['0', '1']],
    [' 2 , 3', ['2', '3']],
    ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6', ['GPU-8932f937-d72c-4106-c12f-20bd9faed9f6']],
    ['MIG-a1b2,MIG-GPU-8932/1/0', ['MIG-a1b2', 'MIG-GPU-8932/1/0']],
    ['', []],
    ['-1', []],
    ['NoDevFiles', []],
    ['1,-1,2', ['1']], // as CUDA reads it
  ])('with CUDA_VISIBLE_DEVICES=%j are %j', (visible, devices) => {
    expect(listVisibleCudaDevices(visible === undefined ? {} : { CUDA_VISIBLE_DEVICES: visible })).toEqual(devices);
  });

  it('are numbered among those that it may use, and a worker sees only its own', () => {
    expect(environmentOf(undefined)).toMatchObject({ CUDA_VISIBLE_DEVICES: '0' });
    expect(environmentOf(1)).toMatchObject({ CUDA_VISIBLE_DEVICES: '1' });
    expect(environmentOf(1, '4,6')).toMatchObject({ CUDA_VISIBLE_DEVICES: '6' });
    expect(environmentOf(0, 'MIG-a1b2,MIG-c3d4')).toMatchObject({ CUDA_VISIBLE_DEVICES: 'MIG-a1b2' });
  });

  it.each([
    [2, '4,6', /cuda:2 cannot be used: CUDA_VISIBLE_DEVICES is "4,6", which leaves this process cuda:0 to cuda:1\./],
    [0, '', /leaves this process no device\./],
  ])('do not include cuda:%i with CUDA_VISIBLE_DEVICES="%s", which is an error', (index, visible, message) => {
    expect(() => environmentOf(index, visible)).toThrow(message);
  });

  it('calculate in full float32, unless NVIDIA_TF32_OVERRIDE is set', () => {
    expect(environmentOf(0)).toMatchObject({ NVIDIA_TF32_OVERRIDE: '0' });
    expect(makeCudaEnvironment({ provider: 'cuda' }, { NVIDIA_TF32_OVERRIDE: '1' })).toMatchObject({
      NVIDIA_TF32_OVERRIDE: '1',
    });
  });
});
