import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { replaceFile } from '../disk/atomic.js';
import { listShard, listShards } from './found-files.js';

/**
 * How many files the folders of a key hold, so that not every file is looked at to count them. It is a cache: an entry
 * is valid while its folder has the time of change that it had when it was counted, and is made again otherwise. Every
 * machine writes an index of its own and reads all.
 */
export const INDEX_FILE = /^index-[0-9a-f]{8}\.bin$/;

const SIGNATURE = Buffer.from('PRAFIDX1');
const SHARDS = 256;
const FIELDS = 3; // time of change of the folder, files, bytes
const VALUES_BYTES = SHARDS * FIELDS * 8;
const FILE_BYTES = SIGNATURE.length + VALUES_BYTES + 4;

/** A folder that changed less than this ago may change again within the same time stamp. */
const SETTLED_MS = 2000;

/** What the folders of a key hold. */
export interface FileCounts {
  readonly images: number;
  readonly bytes: number;
}

/** Counts the files of a key. @param save - Whether the index is written when something has changed. */
export async function countFiles(keyFolder: string, { save }: { save: boolean }): Promise<FileCounts> {
  const known = await readIndexes(keyFolder);
  const counted = new Float64Array(SHARDS * FIELDS);
  let isChanged = false;
  let [images, bytes] = [0, 0];
  for (const shard of await listShards(keyFolder)) {
    const at = Number.parseInt(shard, 16) * FIELDS;
    const folder = join(keyFolder, shard);
    const changedMs = await changeTimeOf(folder);
    const valid = known.find((index) => index[at] === changedMs);
    const entry = valid?.subarray(at, at + FIELDS) ?? (await countShard(folder, changedMs));
    isChanged ||= valid === undefined;
    counted.set(entry, at);
    images += entry[1]!;
    bytes += entry[2]!;
  }
  if (isChanged && save) await writeIndex(keyFolder, counted);
  return { images, bytes };
}

async function countShard(folder: string, changedMs: number): Promise<Float64Array> {
  const startMs = Date.now();
  let [images, bytes] = [0, 0];
  for (const { sha256, sizeBytes } of await listShard(folder)) {
    bytes += sizeBytes;
    if (sha256 !== undefined) images++;
  }
  const isSettled = startMs - changedMs > SETTLED_MS && (await changeTimeOf(folder)) === changedMs;
  return Float64Array.of(isSettled ? changedMs : NaN, images, bytes);
}

async function changeTimeOf(folder: string): Promise<number> {
  return lstat(folder).then(
    ({ mtimeMs }) => mtimeMs,
    () => NaN, // removed meanwhile
  );
}

async function readIndexes(keyFolder: string): Promise<Float64Array[]> {
  const names = await readdir(keyFolder).catch(() => []);
  const paths = names.filter((name) => INDEX_FILE.test(name)).map((name) => join(keyFolder, name));
  const files = await Promise.all(paths.map((path) => readFile(path).catch(() => undefined)));
  return files.flatMap((file) => (file !== undefined && isIntact(file) ? [valuesOf(file)] : []));
}

function isIntact(file: Buffer): boolean {
  if (file.length !== FILE_BYTES || !file.subarray(0, SIGNATURE.length).equals(SIGNATURE)) return false;
  return file.readUInt32LE(FILE_BYTES - 4) === crc32(file.subarray(0, FILE_BYTES - 4));
}

function valuesOf(file: Buffer): Float64Array {
  const values = new Float64Array(SHARDS * FIELDS);
  for (const i of values.keys()) values[i] = file.readDoubleLE(SIGNATURE.length + i * 8);
  return values;
}

/** Where it cannot be written, files are counted again the next time. */
async function writeIndex(keyFolder: string, values: Float64Array): Promise<void> {
  const file = Buffer.alloc(FILE_BYTES);
  SIGNATURE.copy(file);
  for (const [i, value] of values.entries()) file.writeDoubleLE(value, SIGNATURE.length + i * 8);
  file.writeUInt32LE(crc32(file.subarray(0, FILE_BYTES - 4)), FILE_BYTES - 4);
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
  await replaceFile(join(keyFolder, `index-${machine}.bin`), [file]).catch(() => {});
}
