import { expect, it } from 'vitest';
import { compareUtf8, describeEstimate, dropSourcePlaces, excerpt } from '../../src/core/text.js';

it('names are ordered by their UTF-8 bytes, also where JavaScript orders them otherwise', () => {
  const names = ['b', 'a', 'a/b', 'a.b', 'Z', 'ä', '日本', '\uffee', '😀', '😀a', '', 'a\u0000'];
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...names].sort(compareUtf8)).toEqual(byBytes);
  expect([...names].sort()).not.toEqual(byBytes);
});

it('an excerpt is on one line, no longer than asked, and cuts no character in two', () => {
  expect(excerpt('short')).toBe('short');
  expect(excerpt('two\nlines')).toBe('two\\u000alines');
  expect(excerpt('x'.repeat(200))).toBe(`${'x'.repeat(100)}…`);
  expect(excerpt('\n'.repeat(50))).toHaveLength(101);
  expect(excerpt('ab😀cd', 3)).toBe('ab…');
});

it.each([
  [
    '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 auto onnxruntime::webgpu::Init()::' +
      '<lambda()>::operator()() const status == wgpu::Success was false. Failed to get a WebGPU device.',
    'Failed to get a WebGPU device',
  ],
  [
    '/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:129 std::conditional_t<THRW, void, Status> ' +
      'onnxruntime::CudaCall(ERRTYPE) [with bool THRW = true] CUDA failure 100: no CUDA-capable device is detected ; ' +
      'GPU=-1 ; hostname=box ; file=/onnxruntime_src/cuda_execution_provider.cc ; line=280 ; expr=cudaSetDevice(id);',
    'CUDA failure 100: no CUDA-capable device is detected',
  ],
  ["Cannot find module 'sharp'\nRequire stack:\n- /opt/x/libvips.js\n- /opt/y.js", "Cannot find module 'sharp'"],
  ['libcudart.so.13: cannot open shared object file', 'libcudart.so.13: cannot open shared object file'],
])('what a library reports is shown without places in its source: %s', (message, shown) => {
  expect(dropSourcePlaces(message)).toBe(shown);
});

it.each([
  [0.4, 'less than a minute'],
  [1.2, 'about 1 minute'],
  [99, 'about 99 minutes'],
  [100, 'about 2 hours'],
  [1439, 'about 24 hours'],
])('an estimate of %f minutes is %s', (minutes, text) => {
  expect(describeEstimate(minutes)).toBe(text);
});
