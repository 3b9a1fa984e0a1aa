import { basename } from 'node:path';
import { messageOf, PreannotateError } from '../../core/errors.js';
import { readSafetensorsEntries } from '../../disk/safetensors/header.js';
import type { ElementType, StoredTensor } from '../../onnx/messages.js';
import { openModelFile } from './json-file.js';

const MAX_HEADER_BYTES = 100_000_000; // the limit of the reference implementation

const MAX_PADDING_BYTES = 1 << 16; // behind the last tensor; the reference implementation takes none

/** Types of weights. Wider integers (`position_ids` of old checkpoints) are none. */
const TYPES: Readonly<Record<string, ElementType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16', I8: 'int8' };

/**
 * Reads where the tensors of a safetensors file are, and none of their values.
 *
 * @param path - The file itself, not a link: {@link StoredTensor.file} is its name.
 * @returns Floating-point tensors by name; others are left out.
 * @throws PreannotateError MODEL_INVALID when the header and the file disagree.
 * @see https://github.com/huggingface/safetensors#format
 */
export async function readSafetensorsIndex(path: string): Promise<Map<string, StoredTensor>> {
  const unusableError = (reason: string, cause?: unknown) =>
    new PreannotateError(
      {
        code: 'MODEL_INVALID',
        message: `${path}: not a usable safetensors file: ${reason}.`,
        hint: 'Fetch the file again; a download that stopped early or an HTML page saved in its place looks like this.',
      },
      cause,
    );
  await using file = await openModelFile(path);
  const { size } = await file.stat();
  const lengthField = Buffer.alloc(8);
  const { bytesRead } = await file.read(lengthField, 0, 8, 0);
  if (bytesRead < 8) throw unusableError(`it has only ${size} bytes`);
  const headerBytes = Number(lengthField.readBigUInt64LE());
  if (headerBytes > Math.min(MAX_HEADER_BYTES, size - 8)) {
    throw unusableError(`its header claims ${headerBytes} bytes, the file has ${size}`);
  }
  const header = Buffer.alloc(headerBytes);
  await file.read(header, 0, headerBytes, 8);
  try {
    return locateTensors(JSON.parse(header.toString()), { file: basename(path), start: 8 + headerBytes, end: size });
  } catch (error) {
    throw unusableError(messageOf(error).replaceAll(/\s+/g, ' '), error);
  }
}

function locateTensors(header: unknown, data: { file: string; start: number; end: number }): Map<string, StoredTensor> {
  const entries = readSafetensorsEntries(header, data.end - data.start);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, start, end } of entries) {
    const type = TYPES[dtype];
    if (type === undefined) continue;
    tensors.set(name, { file: data.file, type, shape, offset: data.start + start, sizeBytes: end - start });
  }
  const rest = data.end - data.start - (entries.at(-1)?.end ?? 0);
  if (rest > MAX_PADDING_BYTES) throw new Error(`it has ${rest} bytes behind its last tensor`);
  return tensors;
}
