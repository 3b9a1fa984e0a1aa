import { describe, expect, it } from 'vitest';
import { formatDevice, parseDevice } from '../../src/core/device.js';

describe('a device', () => {
  it.each(['cpu', 'cuda', 'cuda:0', 'cuda:12', 'dml', 'dml:1', 'webgpu', 'coreml'])(
    '%s is read by its name',
    (name) => {
      expect(formatDevice(parseDevice(name)!)).toBe(name);
    },
  );

  it.each(['', 'gpu', 'CUDA', 'cuda:', 'cuda:-1', 'cuda:1000', 'cuda:a', 'cpu:0', 'webgpu:1', 'coreml:0', 'cuda:0:1'])(
    '%j is none: only cuda and dml can tell several apart',
    (name) => {
      expect(parseDevice(name)).toBeUndefined();
    },
  );
});
