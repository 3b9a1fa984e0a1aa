/**
 * A matrix in 8 bits, as ONNX Runtime multiplies it: each output has its own scale, zero stays zero, and the layout is
 * [inputs, outputs], the transpose of PyTorch's.
 */
export interface QuantisedMatrix {
  readonly values: Int8Array; // [inputs, outputs]
  readonly scales: Float32Array; // [outputs]: weight = value * scale
}

/** A Linear layer in float32, as PyTorch keeps it. */
export interface Linear {
  readonly weight: Float32Array; // [outputs, inputs]
  readonly bias: Float32Array; // [outputs]
}

const LARGEST = 127; // -128 is left out, so that a weight and its negative are equally exact
const BLOCK = 64; // rows that are transposed together, which keeps both sides of the copy in the cache

/** Rounds each row of `weight` [outputs, inputs] to a multiple of its largest value's 127th part. */
export function quantise(weight: Float32Array, outputs: number): QuantisedMatrix {
  const inputs = weight.length / outputs;
  const values = new Int8Array(weight.length);
  const scales = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    scales[output] = findLargest(weight, output * inputs, inputs) / LARGEST;
  }
  for (let first = 0; first < outputs; first += BLOCK) {
    const last = Math.min(first + BLOCK, outputs);
    for (let input = 0; input < inputs; input++) {
      for (let output = first; output < last; output++) {
        const scale = scales[output]!;
        const value = scale === 0 ? 0 : weight[output * inputs + input]! / scale;
        values[input * outputs + output] = Math.round(value);
      }
    }
  }
  return { values, scales };
}

/**
 * Moves the scale and shift of a LayerNorm into the Linear layer that reads it: W(g·x + b) + c = (W·g)x + (Wb + c). The
 * result is the same, but what the layer reads then has no outlying channels, of which 8 bits would lose the others.
 */
export function foldNorm(linear: Linear, norm: { weight: Float32Array; bias: Float32Array }): Linear {
  const outputs = linear.bias.length;
  const inputs = linear.weight.length / outputs;
  const weight = new Float32Array(linear.weight.length);
  const bias = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    let shift = linear.bias[output]!;
    for (let input = 0, at = output * inputs; input < inputs; input++, at++) {
      shift += linear.weight[at]! * norm.bias[input]!;
      weight[at] = linear.weight[at]! * norm.weight[input]!;
    }
    bias[output] = shift;
  }
  return { weight, bias };
}

/**
 * The convolution over patches as an 8-bit matrix for pixels of 0–255: (v / 255 - mean) / std is folded in.
 *
 * @param kernel - [outputs, 3, patch, patch]
 * @returns The matrix for pixels in the order (y, x, channel), and its bias, which is taken from the rounded weights: a
 *   patch of the mean colour then comes out exactly.
 */
export function quantisePatchKernel(
  kernel: Float32Array,
  { outputs, mean, std }: { outputs: number; mean: readonly number[]; std: readonly number[] },
): QuantisedMatrix & { readonly bias: Float32Array } {
  const inputs = kernel.length / outputs;
  const area = inputs / 3;
  const folded = new Float32Array(kernel.length);
  for (let output = 0; output < outputs; output++) {
    for (let channel = 0; channel < 3; channel++) {
      const from = output * inputs + channel * area;
      const scale = 1 / (255 * std[channel]!);
      for (let i = 0; i < area; i++) folded[output * inputs + i * 3 + channel] = kernel[from + i]! * scale;
    }
  }
  const matrix = quantise(folded, outputs);
  const bias = new Float32Array(outputs);
  for (let input = 0; input < inputs; input++) {
    const level = 255 * mean[input % 3]!;
    for (let output = 0; output < outputs; output++) bias[output]! -= matrix.values[input * outputs + output]! * level;
  }
  return { ...matrix, bias: bias.map((sum, output) => sum * matrix.scales[output]!) };
}

function findLargest(values: Float32Array, from: number, count: number): number {
  let largest = 0;
  for (let i = from; i < from + count; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}
