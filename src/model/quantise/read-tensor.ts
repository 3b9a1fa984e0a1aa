import { join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import { openReadableFile } from '../../disk/readable-file.js';
import type { ElementType, StoredTensor } from '../../onnx/messages.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';

/** Reads a tensor of a checkpoint as float32, in the order of its shape. @throws PreannotateError MODEL_INVALID */
export async function readTensor(checkpoint: Checkpoint, name: string, count: number): Promise<Float32Array> {
  const tensor = checkpoint.tensors.get(name);
  if (tensor === undefined) throw mismatchError(checkpoint, `there is no tensor "${name}"`);
  const path = join(checkpoint.weightsFolder, tensor.file);
  await using file = await openReadableFile(path);
  const bytes = new Uint8Array(tensor.sizeBytes);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, tensor.offset);
  const values = reorder(toFloat32(bytes, tensor.type), tensor);
  if (bytesRead < bytes.length || values.length !== count) {
    throw mismatchError(checkpoint, `"${name}" has shape [${tensor.shape.join()}], which is not ${count} values`);
  }
  return values;
}

/** Brings values into the order of their shape, where the file has the axes in another one. */
function reorder(values: Float32Array, { axes, shape }: StoredTensor): Float32Array {
  if (axes === undefined) return values;
  const strides = shape.map((_, axis) =>
    axes.slice(axes.indexOf(axis) + 1).reduce((product, inner) => product * shape[inner]!, 1),
  );
  return values.map((_, index) => {
    let [rest, from] = [index, 0];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return values[from]!;
  });
}

function mismatchError({ folder }: Checkpoint, reason: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_INVALID',
    message: `${folder}: ${reason}.`,
    hint: 'The weights and config.json do not belong together. Fetch the checkpoint again.',
  });
}

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
