import { cut, damaged, type Finding } from './finding.js';

const HEADER_BYTES = 13;
const FRAME_BYTES = 10; // of an image descriptor, with the byte that introduces it
const BLOCK = { extension: 0x21, frame: 0x2c, trailer: 0x3b } as const;
const MAX_CODE_BITS = 8;

/** Walks through the blocks of a GIF: the decoder reads all frames, too. Compressed data is not decompressed. */
export function* inspectGif(bytes: Buffer): Generator<Finding, void, undefined> {
  if (bytes.length < HEADER_BYTES) return yield cut('in its header');
  let at = HEADER_BYTES + paletteBytes(bytes[10]!);
  for (let frames = 0; ;) {
    const where = frames === 0 ? 'before its first frame' : `in or behind frame ${frames}`;
    const block = bytes[at];
    if (block === undefined) return yield cut(where);
    if (block === BLOCK.trailer) {
      if (frames === 0) yield damaged('it has no frame');
      return;
    }
    if (block === BLOCK.frame) {
      frames++;
      if (at + FRAME_BYTES > bytes.length) return yield cut(`in frame ${frames}`);
      if (bytes.readUInt16LE(at + 5) === 0 || bytes.readUInt16LE(at + 7) === 0) {
        yield damaged(`frame ${frames} has no size`);
      }
      at += FRAME_BYTES + paletteBytes(bytes[at + 9]!);
      const codeBits = bytes[at++];
      if (codeBits === undefined) return yield cut(`in frame ${frames}`);
      if (codeBits > MAX_CODE_BITS) yield damaged(`frame ${frames} has an invalid code size`);
    } else if (block === BLOCK.extension) at += 2;
    else return yield damaged(`it has an invalid block ${where}`);
    const end = skipSubBlocks(bytes, at);
    if (end === undefined) return yield cut(block === BLOCK.frame ? `in frame ${frames}` : where);
    at = end;
  }
}

function paletteBytes(flags: number): number {
  return flags < 0x80 ? 0 : 3 * 2 ** ((flags & 7) + 1);
}

function skipSubBlocks(bytes: Buffer, from: number): number | undefined {
  for (let at = from; at < bytes.length;) {
    const length = bytes[at]!;
    at += 1 + length;
    if (length === 0) return at;
  }
  return undefined;
}
