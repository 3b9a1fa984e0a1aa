import type { TextDecoder } from 'node:util';
import { SaxesParser } from 'saxes';
import { openRegularFile } from '../../disk/regular-file.js';
import { dataSetError, toDataSetError } from '../reading/errors.js';
import { FileProblem } from '../reading/files/read-each.js';
import { decoderOf } from './decode.js';
import { forbidDocumentType } from './tree.js';

const CHUNK_BYTES = 1 << 18;

/** Of one attribute, text or tag, which the parser holds in memory: far more than the mask of a large image. */
const MAX_PIECE = 64 << 20;

/** What is called for an XML file, in its order. */
export interface XmlHandlers {
  /** @param line - Where the tag ends, from 1. */
  open(name: string, attributes: Readonly<Record<string, string>>, line: number): void;
  close(name: string): void;
  text(text: string): void; // in one piece, where there are no elements within it
}

/**
 * Parses an XML file of any size, chunk by chunk.
 *
 * @returns After each chunk, so that what the handlers have collected can be taken.
 * @throws PreannotateError DATA_SET_INVALID naming file and line; errors of the handlers that are one as they are.
 */
export async function* parseXmlFile(path: string, handlers: XmlHandlers): AsyncGenerator<void> {
  const parser = new SaxesParser();
  let lastEvent = 0;
  forbidDocumentType(parser);
  parser.on('opentag', ({ name, attributes }) => {
    lastEvent = parser.position;
    handlers.open(name, attributes, parser.line);
  });
  parser.on('closetag', ({ name }) => {
    lastEvent = parser.position;
    handlers.close(name);
  });
  parser.on('text', (text) => handlers.text(text));
  parser.on('cdata', (text) => handlers.text(text));
  try {
    await using file = await openRegularFile(path);
    let decoder: TextDecoder | undefined;
    for (let isLast = false; !isLast;) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
      isLast = bytesRead === 0;
      const bytes = buffer.subarray(0, bytesRead);
      decoder ??= requireDecoder(bytes);
      parser.write(decodeChunk(decoder, bytes, { isLast }));
      if (parser.position - lastEvent > MAX_PIECE)
        throw new FileProblem(`it has a tag, text or comment of more than ${MAX_PIECE >> 20} MiB`);
      if (isLast) parser.close();
      yield;
    }
  } catch (error) {
    if (!(error instanceof FileProblem)) throw toDataSetError(path, error);
    throw dataSetError({ where: `${path}:${error.line ?? parser.line}`, problem: error.message }, error);
  }
}

function requireDecoder(bytes: Uint8Array): TextDecoder {
  const decoder = decoderOf(bytes);
  if (typeof decoder === 'string') throw new FileProblem(`it ${decoder}`);
  return decoder;
}

function decodeChunk(decoder: TextDecoder, bytes: Uint8Array, { isLast }: { isLast: boolean }): string {
  try {
    return decoder.decode(bytes, { stream: !isLast });
  } catch {
    throw new FileProblem(`it is not ${decoder.encoding.toUpperCase()} throughout, as it declares or should be`);
  }
}
