import { expect, it } from 'vitest';
import { readRuntimeVersion } from '../../src/onnx/runtime-version.js';
import { ort } from '../../src/onnx/runtime.js';

it('the version of ONNX Runtime that is read from its package is the one that is loaded', () => {
  expect(readRuntimeVersion()).toBe(ort.env.versions.node);
});
