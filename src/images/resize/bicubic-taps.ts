/** The input samples and weights of each output sample along one axis. Those of output i are at `offsets[i]` on. */
export interface BicubicTaps {
  readonly first: Int32Array; // [outputs]: the first input sample
  readonly offsets: Int32Array; // [outputs + 1]
  readonly weights: Int32Array; // in units of 2^-22
}

/** Weights are whole numbers of this many bits, as in Pillow: two passes of uint8 sum up exactly in any order. */
export const UNIT_BITS = 22;
/** Added to a sum before it is shifted, to round it. */
export const HALF_UNIT = 2 ** (UNIT_BITS - 1);

const COEFFICIENT = -0.5; // of the cubic, as in Pillow
const SUPPORT = 2; // samples on each side, where nothing is shrunk
const f32 = Math.fround;

/**
 * The weights of ONNX Runtime's Resize (cubic, antialias, exclude_outside, half_pixel) on uint8, to the last bit: it
 * computes them in single precision, which for millions of samples decides to which of them an output is closest.
 *
 * @see onnxruntime `upsample_antialias.h`, Pillow `Resample.c`
 */
export function computeBicubicTaps(inputs: number, outputs: number): BicubicTaps {
  const ratio = f32(f32(outputs) / f32(inputs));
  const scale = f32(1 / ratio);
  const support = scale >= 1 ? f32(SUPPORT * scale) : SUPPORT;
  const shrink = scale >= 1 ? f32(1 / scale) : 1;
  const first = new Int32Array(outputs);
  const offsets = new Int32Array(outputs + 1);
  const weights: Int32Array[] = [];
  for (let output = 0; output < outputs; output++) {
    const centre = f32(0.5 + (scale === 1 ? output : f32(f32(f32(output + 0.5) / ratio) - 0.5)));
    const from = Math.max(Math.floor(f32(f32(centre - support) + 0.5)), 0);
    const to = Math.min(Math.floor(f32(f32(centre + support) + 0.5)), inputs);
    const own = weigh({ from, to, centre, shrink });
    first[output] = from;
    offsets[output + 1] = offsets[output]! + own.length;
    weights.push(own);
  }
  return { first, offsets, weights: concatenate(weights) };
}

/** Weights of the samples from..to for an output at `centre`: together one unit, but for rounding. */
function weigh({ from, to, centre, shrink }: { from: number; to: number; centre: number; shrink: number }): Int32Array {
  const values = new Float32Array(Math.max(0, to - from));
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    values[i] = cubic(f32(f32(f32(f32(i + from) - centre) + 0.5) * shrink));
    total = f32(total + values[i]!);
  }
  const inverse = total === 0 ? 1 : f32(1 / total);
  return Int32Array.from(values, (value) => roundAwayFromZero(f32(f32(value * inverse) * 2 ** UNIT_BITS)));
}

function cubic(position: number): number {
  const x = Math.abs(position);
  const a = COEFFICIENT;
  if (x < 1) return f32(f32(f32(f32(f32(f32(a + 2) * x) - f32(a + 3)) * x) * x) + 1);
  if (x < 2) return f32(f32(f32(f32(f32(f32(x - 5) * x) + 8) * x) - 4) * a);
  return 0;
}

function roundAwayFromZero(value: number): number {
  return Math.sign(value) * Math.round(Math.abs(value));
}

function concatenate(parts: readonly Int32Array[]): Int32Array {
  const whole = new Int32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
