import { basename } from 'node:path';
import { z } from 'zod';
import { messageOf, PreannotateError } from '../../core/errors.js';
import type { ElementType, StoredTensor } from '../../onnx/messages.js';
import { openModelFile } from './json-file.js';

const MAX_HEADER_BYTES = 100_000_000; // the limit of the reference implementation

const MAX_PADDING_BYTES = 1 << 16; // behind the last tensor; the reference implementation takes none

/** Types a checkpoint may use, with their size in bytes. Wider integers (`position_ids` of old
 * checkpoints) are not weights. */
const TYPES: Readonly<Record<string, { type?: ElementType; bytes: number }>> = {
  F32: { type: 'float32', bytes: 4 },
  F16: { type: 'float16', bytes: 2 },
  BF16: { type: 'bfloat16', bytes: 2 },
  F64: { bytes: 8 },
  I64: { bytes: 8 },
  I32: { bytes: 4 },
  I16: { bytes: 2 },
  I8: { type: 'int8', bytes: 1 },
  U8: { bytes: 1 },
  BOOL: { bytes: 1 },
};

const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().min(0)),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});
const Header = z.record(z.string(), z.unknown());

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
    return parseHeader(Header.parse(JSON.parse(header.toString())), {
      file: basename(path),
      start: 8 + headerBytes,
      end: size,
    });
  } catch (error) {
    throw unusableError(messageOf(error).replaceAll(/\s+/g, ' '), error);
  }
}

/** The start of a safetensors file that holds these tensors one after another. */
export function buildSafetensorsHeader(
  tensors: readonly { name: string; type: 'float32' | 'int8'; shape: readonly number[] }[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    const end = offset + shape.reduce((product, length) => product * length, type === 'int8' ? 1 : 4);
    header[name] = { dtype: type === 'int8' ? 'I8' : 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' '); // values begin at a multiple of 8
  padded.writeBigUInt64LE(BigInt(padded.length - 8));
  padded.set(json, 8);
  return padded;
}

function parseHeader(
  header: Readonly<Record<string, unknown>>,
  data: { file: string; start: number; end: number },
): Map<string, StoredTensor> {
  const tensors = new Map<string, StoredTensor>();
  const spans: [number, number][] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: span } = Entry.parse(value);
    const kind = TYPES[dtype];
    if (kind === undefined) throw new Error(`"${name}" has the unknown type ${dtype}`);
    const sizeBytes = shape.reduce((product, length) => product * length, kind.bytes);
    if (span[1] - span[0] !== sizeBytes) throw new Error(`"${name}" has ${span[1] - span[0]} bytes, not ${sizeBytes}`);
    if (data.start + span[1] > data.end) throw new Error(`"${name}" reaches past the end of the file`);
    spans.push(span);
    if (kind.type === undefined) continue;
    tensors.set(name, { file: data.file, type: kind.type, shape, offset: data.start + span[0], sizeBytes });
  }
  spans.sort((a, b) => a[0] - b[0]);
  if (spans.some((span, i) => i > 0 && span[0] < spans[i - 1]![1])) throw new Error('two tensors overlap');
  const rest = data.end - data.start - (spans.at(-1)?.[1] ?? 0);
  if (rest > MAX_PADDING_BYTES) throw new Error(`it has ${rest} bytes behind its last tensor`);
  return tensors;
}
