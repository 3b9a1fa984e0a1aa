import type { FeatureDtype } from '../core/inference/feature-dtype.js';
import { crc32 } from 'node:zlib';
import { buildSafetensorsHeader, readSafetensorsEntries } from '../disk/safetensors/header.js';
import type { FeatureTensor, ImageFeatures, NewImageFeatures } from './image-features.js';

/**
 * A file of features: a safetensors file whose metadata says what the image is. The first entry of the metadata is a
 * CRC-32 of all bytes but its own digits. It takes a quarter of the time of the fastest hash and finds what a disk or a
 * power cut does to a file; nothing here has to withstand an attacker, who could compute any other checksum as well.
 */

const ZEROS = '00000000';
const BEFORE_DIGITS = Buffer.from('{"__metadata__":{"crc32":"');
const DIGITS_AT = 8 + BEFORE_DIGITS.length;
const REST_AT = DIGITS_AT + ZEROS.length;

const WIDTHS = { float32: 4, float16: 2 } as const;
const TYPES: Readonly<Record<string, FeatureDtype>> = { F16: 'float16', F32: 'float32' };

/** Whose features a file holds: files that were moved or renamed are found out. */
export interface FileIdentity {
  readonly key: string; // hash of the FeatureKey
  readonly sha256: string; // of the image
}

/** The parts of a file, in their order. */
export function encodeFeatures(key: string, features: NewImageFeatures): Uint8Array[] {
  const { tensors, sha256, sizeBytes, width, height, encoding, phash, degraded } = features;
  const metadata = {
    crc32: ZEROS, // first, see above
    key,
    sha256,
    size_bytes: String(sizeBytes),
    width: String(width),
    height: String(height),
    encoding,
    phash,
    ...(degraded === undefined ? {} : { degraded }),
  };
  // Wide types first: then every tensor begins at a multiple of its own width.
  const ordered = [...tensors].sort(([, a], [, b]) => WIDTHS[b.type] - WIDTHS[a.type]);
  const entries = ordered.map(([name, { type, shape }]) => ({ name, type, shape }));
  const header = Buffer.from(buildSafetensorsHeader(entries, metadata));
  const data = ordered.flatMap(([, { data: rows }]) => (rows instanceof Uint8Array ? [rows] : rows));
  header.write(checksumOf([header, ...data]), DIGITS_AT, 'latin1');
  return [header, ...data];
}

/**
 * Reads a file's bytes; the tensors are views of them.
 *
 * @param bytes - The whole file, at a multiple of 8 in its buffer.
 * @throws Error saying what is wrong with the file.
 */
export function decodeFeatures(bytes: Buffer, { key, sha256 }: FileIdentity): ImageFeatures {
  if (bytes.length < REST_AT) throw new Error(`it has only ${bytes.length} bytes`);
  if (!bytes.subarray(8, DIGITS_AT).equals(BEFORE_DIGITS)) throw new Error('it does not begin as a file of features');
  const stored = bytes.toString('latin1', DIGITS_AT, REST_AT);
  if (stored !== checksumOf([bytes])) throw new Error('its content does not fit its checksum');
  const dataAt = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString('utf8', 8, dataAt)) as { readonly __metadata__: Record<string, string> };
  const entries = readSafetensorsEntries(header, bytes.length - dataAt);
  if ((entries.at(-1)?.end ?? 0) !== bytes.length - dataAt) throw new Error('it has bytes behind its last tensor');
  const { __metadata__: known } = header;
  if (known['key'] !== key) throw new Error('it belongs to another model or to other settings');
  if (known['sha256'] !== sha256) throw new Error('it belongs to another image');
  const tensors = new Map<string, FeatureTensor>();
  for (const { name, dtype, shape, start, end } of entries) {
    const type = TYPES[dtype];
    if (type === undefined) throw new Error(`"${name}" has the type ${dtype}`);
    tensors.set(name, { type, shape, data: bytes.subarray(dataAt + start, dataAt + end) });
  }
  return { ...readFacts(known), sha256, tensors };
}

function readFacts(known: Readonly<Record<string, string>>): Omit<ImageFeatures, 'sha256' | 'tensors'> {
  const { encoding, phash, degraded } = known;
  const [sizeBytes, width, height] = ['size_bytes', 'width', 'height'].map((name) => Number(known[name]));
  const isWhole = [sizeBytes, width, height].every((number) => Number.isSafeInteger(number));
  if (!isWhole || encoding === undefined || phash === undefined) throw new Error('it does not describe its image');
  const noted = degraded === undefined ? {} : { degraded };
  return { sizeBytes: sizeBytes!, width: width!, height: height!, encoding, phash, ...noted };
}

/** @param parts - Of a whole file, of which the first has more than the digits. */
function checksumOf([first, ...others]: readonly Uint8Array[]): string {
  let sum = crc32(first!.subarray(REST_AT), crc32(first!.subarray(0, 8)));
  for (const part of others) sum = crc32(part, sum);
  return sum.toString(16).padStart(8, '0');
}
