import type { ElementType } from '../../onnx/messages.js';

/**
 * Numbers as float32, from the types that checkpoints are stored in. Every value of theirs is one of float32.
 *
 * @param bytes - Little-endian, at an offset that float32 can be read from.
 */
export function toFloat32(bytes: Uint8Array, type: ElementType): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (type === 'float32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (type === 'bfloat16') return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  if (type === 'float16') return Float32Array.from(halves, float16);
  throw new Error(`weights of type ${type} cannot be widened. This is a bug.`);
}

/** @see IEEE 754 binary16: 1 bit sign, 5 exponent, 10 fraction */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
