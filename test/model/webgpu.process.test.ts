import { expect, it } from 'vitest';
import { goldenCases } from '../support/model/golden.js';
import { describeOnWebgpu, distancesOnWebgpu } from '../support/model/webgpu.js';

await describeOnWebgpu('a model on WebGPU', () => {
  it.each([
    ['fp32', 1e-2],
    ['fp16', 5e-2], // whose sums are rounded too
  ] as const)(
    'in %s logits and boxes are the reference ones, for both models, batches and other sizes',
    async (precision, tolerance) => {
      const names = goldenCases('forward').map(({ name }) => name);
      const distances = await distancesOnWebgpu(names, precision);
      expect(distances.map(({ name }) => name)).toEqual(names);
      expect(names.join()).toMatch(/owlvit-interp.*owlv2-interp/);
      for (const { name, ...far } of distances) {
        for (const [what, distance] of Object.entries(far)) {
          expect.soft(distance, `${what} of ${name}`).toBeLessThan(tolerance);
        }
      }
    },
  );
});
