import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { FIXTURES } from './model/golden.js';

/** An image file, what is wrong with it, and how. */
export interface DamagedImage {
  readonly name: string;
  readonly bytes: Buffer;
  readonly outcome: 'sound' | 'degraded' | 'refused';
  readonly reason?: RegExp;
}

const scene = (name: string): Sharp => sharp(join(FIXTURES, 'scenes', name)).resize(160, 120);

/** One of each kind of damage in each format, beside sound images of the same formats. */
export async function damagedImages(): Promise<DamagedImage[]> {
  const [jpeg, progressive, png, palette, gif, lossy, lossless, avif, tiff, lzw] = await Promise.all([
    scene('scene-02.jpg').jpeg({ quality: 90 }).toBuffer(),
    scene('scene-03.jpg').jpeg({ progressive: true }).toBuffer(),
    scene('scene-10.png').png({ compressionLevel: 6 }).toBuffer(),
    scene('scene-04.jpg').png({ palette: true }).toBuffer(),
    scene('scene-05.jpg').gif().toBuffer(),
    scene('scene-06.jpg').webp().toBuffer(),
    scene('scene-07.jpg').webp({ lossless: true }).toBuffer(),
    scene('scene-08.jpg').avif({ effort: 0 }).toBuffer(),
    scene('scene-09.jpg').tiff({ compression: 'none' }).toBuffer(),
    scene('scene-09.jpg').tiff({ compression: 'lzw' }).toBuffer(),
  ]);
  const bmp = bitmap(16, 12);
  const sound = { jpeg, progressive, png, palette, gif, lossy, lossless, avif, tiff, lzw, bmp };
  const images: DamagedImage[] = Object.entries(sound).map(([name, bytes]) => {
    return { name: `sound-${name}.jpg`, bytes, outcome: 'sound' };
  });
  const add = (outcome: DamagedImage['outcome'], name: string, bytes: Buffer, reason: RegExp) =>
    images.push({ name: `${name}.jpg`, bytes, outcome, reason });
  const refuse = add.bind(undefined, 'refused');
  const degrade = add.bind(undefined, 'degraded');

  refuse('jpeg-cut-early', jpeg.subarray(0, 100), /^it is cut short before its picture data$/);
  refuse(
    'jpeg-cut',
    jpeg.subarray(0, jpeg.length / 2),
    /^it is cut short in its picture data \(it has no EOI marker\)$/,
  );
  refuse('jpeg-progressive-cut', progressive.subarray(0, progressive.length * 0.7), /^it is cut short in its picture/);
  degrade('jpeg-hole', fill(jpeg, 0.5 * jpeg.length, 900), /^its compressed data is damaged or incomplete$/);
  degrade('jpeg-sos', jpegSegment(jpeg, 0xda, -2, 17), /SOS\) has invalid parameters for a sequential JPEG$/);
  degrade(
    'jpeg-extraneous',
    insert(jpeg, find(jpeg, 0xc0), Buffer.alloc(7, 1)),
    /^it has 7 extraneous bytes before its marker 0xc0$/,
  );
  refuse('jpeg-lossless', set(jpeg, find(jpeg, 0xc0) + 1, 0xc3), /^it is a lossless JPEG \(SOF3\)$/);
  refuse('jpeg-12-bit', jpegSegment(jpeg, 0xc0, 0, 12), /^it has 12 bits a sample$/);
  refuse('jpeg-no-quantisation', withoutSegments(jpeg, 0xdb), /^its quantisation table \d \(DQT\) is missing$/);
  refuse('jpeg-huffman', jpegSegment(jpeg, 0xc4, 0, 0x77), /^its Huffman tables \(DHT\) are damaged$/);

  refuse('png-header-crc', flip(png, 29), /^the checksum \(CRC\) of its IHDR chunk is wrong$/);
  refuse('png-data-crc', flip(png, png.indexOf('IDAT') + 60), /^the checksum \(CRC\) of its IDAT chunk is wrong$/);
  const commented = insert(png, 33, textChunk('no checksum')); // decoders pass over it
  images.push({ name: 'png-text-crc.jpg', bytes: commented, outcome: 'sound' });
  refuse('png-text-crc-cut', commented.subarray(0, png.length / 2), /^it is cut short in its IDAT chunk$/);
  refuse('png-palette-crc', flip(palette, palette.indexOf('PLTE') + 9), /^the checksum \(CRC\) of its PLTE chunk is/);
  refuse('png-cut', png.subarray(0, png.length * 0.6), /^it is cut short in its IDAT chunk$/);
  refuse('png-colour', pngHeader(png, 9, 5), /^its header \(IHDR\) has an invalid colour type, bit depth or method$/);
  refuse('png-no-size', pngHeader(png, 3, 0), /^its header \(IHDR\) has an invalid size$/);
  refuse(
    'png-bitrot',
    withRightChecksum(fill(png, png.indexOf('IDAT') + 400, 40), 'IDAT'),
    /^its compressed data or one of its chunks is/,
  );

  refuse('gif-cut', gif.subarray(0, gif.length / 2), /^it is cut short in frame 1$/);
  refuse('gif-code-size', set(gif, gifDataAt(gif), 77), /^frame 1 has an invalid code size$/);
  refuse(
    'gif-no-frame',
    Buffer.concat([gif.subarray(0, 13 + paletteBytes(gif[10]!)), Buffer.from(';')]),
    /^it has no frame$/,
  );
  refuse('webp-cut', lossy.subarray(0, lossy.length / 2), /^it is cut short in its VP8 chunk$/);
  refuse('webp-lossless-cut', lossless.subarray(0, lossless.length * 0.9), /^it is cut short in its VP8L chunk$/);
  refuse(
    'webp-header',
    flip(lossy, lossy.indexOf(Buffer.of(0x9d, 1, 0x2a))),
    /^the header of its VP8 chunk is damaged$/,
  );
  refuse('avif-cut', avif.subarray(0, avif.length * 0.9), /^it is cut short in its picture data$/);
  refuse('avif-no-meta', withBoxName(avif, 'meta', 'free'), /^it has no header \(meta box\)$/);
  refuse(
    'tiff-cut',
    tiff.subarray(0, tiff.length / 2),
    /^it is cut short before the end of its first directory of tags$/,
  );
  refuse(
    'tiff-lzw-hole',
    fill(lzw, 0.3 * lzw.length, 900),
    /^its tags or its compressed data are damaged, or of a rare kind$/,
  );
  refuse('bmp-cut', bmp.subarray(0, 200), /^it is cut short$/);
  refuse('bmp-header', set(bmp, 14, 200), /^its header is damaged$/);

  const fixtures = join(FIXTURES, 'damaged');
  const reasons = {
    good: undefined,
    sos: /SOS/,
    extraneous: /^it has 12 extraneous bytes/,
    cut: /^it is cut short/,
    badcrc: /IHDR/,
  };
  for (const name of (await readdir(fixtures)).filter((file) => file !== 'README.md')) {
    const kind = name.split('-')[0] as keyof typeof reasons;
    const outcome = kind === 'good' ? 'sound' : kind === 'sos' || kind === 'extraneous' ? 'degraded' : 'refused';
    const bytes = await readFile(join(fixtures, name));
    images.push({ name, bytes, outcome, ...(reasons[kind] === undefined ? {} : { reason: reasons[kind] }) });
  }
  return images;
}

function set(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}

function flip(bytes: Buffer, at: number): Buffer {
  return set(bytes, at, bytes[at]! ^ 0xff);
}

function insert(bytes: Buffer, at: number, more: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}

function fill(bytes: Buffer, at: number, length: number): Buffer {
  return Buffer.from(bytes).fill(0, Math.floor(at), Math.floor(at) + length);
}

/** Where the marker of the first segment of this kind begins. */
function find(jpeg: Buffer, marker: number): number {
  return jpeg.indexOf(Buffer.of(0xff, marker));
}

/** Changes a byte of a segment. @param at - In the content; the end counts backwards from -1. */
function jpegSegment(jpeg: Buffer, marker: number, at: number, value: number): Buffer {
  const start = find(jpeg, marker);
  const end = start + 2 + jpeg.readUInt16BE(start + 2);
  return set(jpeg, at < 0 ? end + at : start + 4 + at, value);
}

function withoutSegments(jpeg: Buffer, marker: number): Buffer {
  let left = jpeg;
  for (let at = find(left, marker); at >= 0; at = find(left, marker)) {
    left = Buffer.concat([left.subarray(0, at), left.subarray(at + 2 + left.readUInt16BE(at + 2))]);
  }
  return left;
}

/** Changes the header of a PNG, and its checksum with it. @param at - In the content of the header. */
function pngHeader(png: Buffer, at: number, value: number): Buffer {
  return withRightChecksum(set(png, 16 + at, value), 'IHDR');
}

function withRightChecksum(png: Buffer, chunk: string): Buffer {
  const at = png.indexOf(chunk);
  const end = at + 4 + png.readUInt32BE(at - 4);
  const copy = Buffer.from(png);
  copy.writeUInt32BE(crc32(copy.subarray(at, end)), end);
  return copy;
}

/** A chunk whose checksum is zero. */
function textChunk(text: string): Buffer {
  const chunk = Buffer.alloc(12 + text.length);
  chunk.writeUInt32BE(text.length);
  chunk.write(`tEXt${text}`, 4, 'latin1');
  return chunk;
}

/** Where the minimal code size of the first frame is. */
function gifDataAt(gif: Buffer): number {
  const frame = gif.indexOf(Buffer.of(0x2c, 0, 0, 0, 0, 160, 0));
  return frame + 10 + paletteBytes(gif[frame + 9]!);
}

function paletteBytes(flags: number): number {
  return flags < 0x80 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

function withBoxName(heif: Buffer, name: string, other: string): Buffer {
  const copy = Buffer.from(heif);
  copy.write(other, copy.indexOf(name), 'latin1');
  return copy;
}

/** A bitmap of 24 bits a pixel. */
function bitmap(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(54 + width * height * 3, 0x80);
  bytes.fill(0, 0, 54).write('BM');
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return bytes;
}
