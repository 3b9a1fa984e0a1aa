import { crc32 } from 'node:zlib';

/**
 * The same picture in other bytes: with a comment, where decoders pass over it.
 *
 * @param bytes - A JPEG, a PNG, or a simple WebP.
 */
export function withComment(bytes: Buffer, comment: string): Buffer {
  if (bytes[0] === 0xff) return inJpeg(bytes, comment);
  return bytes[0] === 0x89 ? inPng(bytes, comment) : inWebp(bytes, comment);
}

function inJpeg(jpeg: Buffer, comment: string): Buffer {
  const head = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), head, Buffer.from(comment), jpeg.subarray(2)]);
}

const PNG_HEADER_BYTES = 33; // its signature, and IHDR

function inPng(png: Buffer, comment: string): Buffer {
  const content = Buffer.from(`tEXtComment\0${comment}`, 'latin1');
  const chunk = Buffer.alloc(content.length + 8);
  chunk.writeUInt32BE(content.length - 4);
  content.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(content), content.length + 4);
  return Buffer.concat([png.subarray(0, PNG_HEADER_BYTES), chunk, png.subarray(PNG_HEADER_BYTES)]);
}

function inWebp(webp: Buffer, comment: string): Buffer {
  const text = Buffer.from(comment.padEnd(comment.length + (comment.length % 2)));
  const head = Buffer.alloc(8);
  head.write('NOTE');
  head.writeUInt32LE(text.length, 4);
  const all = Buffer.concat([webp, head, text]);
  all.writeUInt32LE(all.length - 8, 4);
  return all;
}
