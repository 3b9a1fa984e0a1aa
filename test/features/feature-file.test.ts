import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeFeatures, encodeFeatures } from '../../src/features/feature-file.js';
import { sampleFeatures } from '../support/features/sample.js';

const KEY = 'f'.repeat(32);
const features = sampleFeatures(7);
const file = () => Buffer.concat(encodeFeatures(KEY, features));
const decode = (bytes: Buffer) => decodeFeatures(bytes, { key: KEY, sha256: features.sha256 });

describe('a file of features', () => {
  it('gives back what was written', () => {
    const read = decode(file());
    const plain = ({ tensors, ...facts }: typeof features) => ({
      ...facts,
      tensors: Object.fromEntries([...tensors].map(([name, tensor]) => [name, { ...tensor, data: [...tensor.data] }])),
    });
    expect(plain(read)).toEqual(plain(features));
  });

  it('is laid out as readers of safetensors files expect: header, then all tensors without a gap', () => {
    const bytes = file();
    const headerBytes = Number(bytes.readBigUInt64LE());
    expect(headerBytes % 8).toBe(0);
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<string, unknown>;
    const { __metadata__: metadata, ...tensors } = header;
    expect(tensors).toEqual({
      boxes: { dtype: 'F32', shape: [1, 5, 4], data_offsets: [0, 80] },
      class_embeds: { dtype: 'F16', shape: [1, 5, 3], data_offsets: [80, 110] },
    });
    expect(bytes).toHaveLength(8 + headerBytes + 110);
    expect(metadata).toEqual({
      crc32: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
      key: KEY,
      sha256: features.sha256,
      size_bytes: '1007',
      width: '640',
      height: '480',
      encoding: 'JPEG',
      phash: '0123456789abcdef',
      degraded: 'the end is missing: "größe"',
    });
    const at = bytes.indexOf('"crc32":"') + 9;
    const rest = Buffer.concat([bytes.subarray(0, 8), bytes.subarray(at + 8)]);
    expect(bytes.toString('latin1', at, at + 8)).toBe(crc32(rest).toString(16).padStart(8, '0'));
  });

  it('begins each tensor at a multiple of its width, so that it can be viewed', () => {
    const odd = sampleFeatures(2, 3); // its 16-bit tensor has 18 bytes
    const bytes = Buffer.concat([Buffer.alloc(0), ...encodeFeatures(KEY, odd)]);
    const aligned = Buffer.allocUnsafeSlow(bytes.length);
    bytes.copy(aligned);
    const { tensors } = decodeFeatures(aligned, { key: KEY, sha256: odd.sha256 });
    const { data } = tensors.get('boxes')!;
    expect([...new Float32Array(data.buffer, data.byteOffset, 12)]).toEqual(new Array(12).fill(Math.fround(2 / 7)));
  });

  it('is refused when any of its bytes has changed', () => {
    const bytes = file();
    for (let at = 0; at < bytes.length; at++) {
      for (const bit of [0x01, 0x80]) {
        bytes[at]! ^= bit;
        expect(() => decode(bytes), `byte ${at}`).toThrow();
        bytes[at]! ^= bit;
      }
    }
    expect(decode(bytes).width).toBe(640);
  });

  it('is refused when it was cut off anywhere, or has more bytes', () => {
    const bytes = file();
    for (let length = 0; length < bytes.length; length++) expect(() => decode(bytes.subarray(0, length))).toThrow();
    expect(() => decode(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(/checksum/);
  });

  it('is refused for another image and for another key', () => {
    expect(() => decodeFeatures(file(), { key: KEY, sha256: '0'.repeat(64) })).toThrow(/another image/);
    expect(() => decodeFeatures(file(), { key: '0'.repeat(32), sha256: features.sha256 })).toThrow(/another model/);
  });
});
