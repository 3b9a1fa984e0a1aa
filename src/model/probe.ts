import type { Device, Optimizer } from '../core/device.js';
import { Graph } from '../onnx/graph.js';
import { ort } from '../onnx/runtime.js';
import { openSession } from './session.js';

const SIDE = 64;

/**
 * Multiplies two small matrices on a device: what it takes to know that it starts, and that it can calculate.
 *
 * @returns Milliseconds for opening the session and for a run.
 * @throws PreannotateError DEVICE_UNAVAILABLE; Error when the product is wrong.
 */
export async function tryDevice(device: Device, optimizer: Optimizer): Promise<{ openMs: number; runMs: number }> {
  const begun = performance.now();
  const session = await openSession(buildProductGraph(), { device, optimizer, threads: 1, weightsFolder: '.' });
  const opened = performance.now();
  // Whole numbers this small come out exactly in any order and in half precision.
  const ones = Float32Array.from({ length: SIDE * SIDE }, (_, i) => (i % SIDE === Math.floor(i / SIDE) ? 2 : 0));
  const counts = Float32Array.from({ length: SIDE * SIDE }, (_, i) => i % 7);
  const { c } = await session.run({
    a: new ort.Tensor('float32', counts, [SIDE, SIDE]),
    b: new ort.Tensor('float32', ones, [SIDE, SIDE]),
  });
  const right = (c!.data as Float32Array).every((value, i) => value === 2 * counts[i]!);
  if (!right) throw new Error('it started, and then calculated wrongly');
  return { openMs: opened - begun, runMs: performance.now() - opened };
}

/** What of ONNX Runtime is here. */
export function describeRuntime(): { version: string; providers: { name: string; bundled: boolean }[] } {
  const { node, common } = ort.env.versions;
  return { version: node ?? common, providers: ort.listSupportedBackends() };
}

function buildProductGraph(): Uint8Array {
  const graph = new Graph();
  const a = graph.input('a', 'float32', [SIDE, SIDE]);
  const b = graph.input('b', 'float32', [SIDE, SIDE]);
  graph.output('c', graph.op('MatMul', [a, b]), { type: 'float32', shape: [SIDE, SIDE] });
  return graph.toBytes();
}
