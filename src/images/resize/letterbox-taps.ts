/** The input samples and weights of each output sample along one axis; those of the padding are summed up. */
export interface Taps {
  readonly live: number; // outputs that see the image; those after them see padding only
  readonly indices: readonly Int32Array[]; // by output: samples of the image
  readonly weights: readonly Float32Array[];
  readonly padding: Float32Array; // by output: the contribution of the padding, in levels
  readonly reach: readonly { readonly from: number; readonly to: number }[]; // by output: lowest index, highest + 1
  readonly longestReach: number; // samples to keep while outputs are computed in order, at least 1
}

/** One side of the padded square. */
export interface Axis {
  readonly inputs: number; // samples
  readonly outputs: number;
  readonly filled: number; // the first samples, which are the image's
  readonly padLevel: number; // of the others, 0 to 255
}

export function computeTaps({ inputs, outputs, filled, padLevel }: Axis): Taps {
  const factor = inputs / outputs;
  const blur = gaussianKernel(factor > 1 ? (factor - 1) / 2 : 0);
  const radius = (blur.length - 1) / 2;
  const count = blur.length + 1;
  const indices: Int32Array[] = [];
  const weights: Float32Array[] = [];
  const padding = new Float32Array(outputs);
  const ofImage = { indices: new Int32Array(count), weights: new Float32Array(count) };
  for (let output = 0; output < outputs; output++) {
    const centre = reflect((output + 0.5) * factor - 0.5, inputs);
    const left = Math.floor(centre);
    const share = centre - left;
    let used = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = (1 - share) * (blur[tap] ?? 0) + share * (blur[tap - 1] ?? 0);
      const index = reflect(left - radius + tap, inputs);
      if (index >= filled) padding[output]! += weight * padLevel;
      else if (weight !== 0) {
        ofImage.indices[used] = index;
        ofImage.weights[used++] = weight;
      }
    }
    indices.push(ofImage.indices.slice(0, used));
    weights.push(ofImage.weights.slice(0, used));
  }
  return { indices, weights, padding, ...describeReach(indices) };
}

function describeReach(indices: readonly Int32Array[]): Pick<Taps, 'live' | 'reach' | 'longestReach'> {
  const reach = indices.map((own) => ({
    from: own.reduce((lowest, index) => Math.min(lowest, index), own[0] ?? 0),
    to: own.reduce((highest, index) => Math.max(highest, index + 1), 0),
  }));
  let longestReach = 1;
  let read = 0;
  for (const { from, to } of reach) {
    read = Math.max(read, to);
    longestReach = Math.max(longestReach, read - from);
  }
  const firstOutside = indices.findIndex(({ length }) => length === 0);
  return { live: firstOutside < 0 ? indices.length : firstOutside, reach, longestReach };
}

/** Reflects a position about the centres of the first and the last sample. */
function reflect(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = Math.abs(position) % period;
  return within > length - 1 ? period - within : within;
}

/** A normalised Gaussian, cut at four standard deviations; [1] for none. */
function gaussianKernel(sigma: number): Float64Array {
  const radius = Math.floor(4 * sigma + 0.5);
  const values = new Float64Array(2 * radius + 1);
  for (let i = 0; i < values.length; i++) {
    values[i] = sigma === 0 ? 1 : Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2);
  }
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}
