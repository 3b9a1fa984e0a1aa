import { describe, expect, it } from 'vitest';
import { foldNorm, quantise, quantisePatchKernel } from '../../../src/model/quantise/quantise.js';

const random = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * seed + 1));

/** weight [outputs, inputs] times x, in float64. */
function product(weight: Float32Array, x: readonly number[], outputs: number): number[] {
  return Array.from({ length: outputs }, (_, output) =>
    x.reduce((sum, value, input) => sum + weight[output * x.length + input]! * value, 0),
  );
}

describe('8-bit matrices', () => {
  it('every weight is rounded by at most half a step of its output, and the layout is [inputs, outputs]', () => {
    const [outputs, inputs] = [130, 70]; // neither is a multiple of the block
    const weight = random(outputs * inputs, 1.7).map((value, i) => value * (1 + Math.floor(i / inputs)));
    const { values, scales } = quantise(weight, outputs);
    for (let output = 0; output < outputs; output++) {
      const row = weight.subarray(output * inputs, (output + 1) * inputs);
      expect(scales[output]).toBeCloseTo(Math.max(...row.map(Math.abs)) / 127, 5);
      for (let input = 0; input < inputs; input++) {
        const back = values[input * outputs + output]! * scales[output]!;
        expect(Math.abs(back - row[input]!)).toBeLessThanOrEqual(scales[output]! * 0.5001);
      }
    }
  });

  it('an output without any weight stays zero', () => {
    const { values, scales } = quantise(Float32Array.of(0, 0, 3, -1), 2);
    expect([...values]).toEqual([0, 127, 0, -42]);
    expect(scales[0]).toBe(0);
  });

  it('a LayerNorm folded into the layer after it gives the same result', () => {
    const [outputs, inputs] = [5, 8];
    const linear = { weight: random(outputs * inputs, 2.3), bias: random(outputs, 0.4) };
    const norm = { weight: random(inputs, 3.1).map((value) => 40 * value), bias: random(inputs, 0.9) };
    const x = [...random(inputs, 5.7)];
    const normed = x.map((value, i) => value * norm.weight[i]! + norm.bias[i]!);
    const expected = product(linear.weight, normed, outputs).map((value, i) => value + linear.bias[i]!);
    const folded = foldNorm(linear, norm);
    const ours = product(folded.weight, x, outputs).map((value, i) => value + folded.bias[i]!);
    ours.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i]!, 4);
    });
  });

  it('the patch embedding is nearly the float one, and exact for a patch of the mean colour', () => {
    const [outputs, patch] = [6, 4];
    const [mean, std] = [
      [0.48, 0.46, 0.41],
      [0.27, 0.26, 0.28],
    ];
    const kernel = random(outputs * 3 * patch * patch, 1.3);
    const { values, scales, bias } = quantisePatchKernel(kernel, { outputs, mean, std });
    const embed = (pixel: (y: number, x: number, channel: number) => number) => {
      const sums = Array.from(bias);
      const exact = Array.from({ length: outputs }, () => 0);
      for (let y = 0; y < patch; y++) {
        for (let x = 0; x < patch; x++) {
          for (let channel = 0; channel < 3; channel++) {
            for (let output = 0; output < outputs; output++) {
              const at = ((y * patch + x) * 3 + channel) * outputs + output;
              sums[output]! += values[at]! * scales[output]! * pixel(y, x, channel);
              const normalised = (pixel(y, x, channel) / 255 - mean[channel]!) / std[channel]!;
              exact[output]! += kernel[((output * 3 + channel) * patch + y) * patch + x]! * normalised;
            }
          }
        }
      }
      return { sums, exact };
    };
    const picture = embed((y, x, channel) => (y * 61 + x * 17 + channel * 97) % 256);
    picture.sums.forEach((sum, i) => {
      expect(Math.abs(sum - picture.exact[i]!)).toBeLessThan(0.3); // of values around 10
    });
    const plain = embed((_y, _x, channel) => 255 * mean[channel]!);
    plain.sums.forEach((sum) => {
      expect(sum).toBeCloseTo(0, 3);
    });
  });
});
