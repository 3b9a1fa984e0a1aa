import type { z } from 'zod';
import { bodyOf } from '../../disk/checked-line.js';
import { ImageRecord, isPositiveInteger } from '../record.js';

/** The fields of every line that planning needs; the others are checked when the line is used. */
export const EntryFields = ImageRecord.pick({
  image: true,
  id: true,
  replaces: true,
  size_bytes: true,
  modified_ms: true,
  etag: true,
});
export type EntryFields = z.output<typeof EntryFields>;

type Unchecked = { readonly [Field in keyof EntryFields]?: unknown };

const BEFORE_DETECTIONS = Buffer.from(',"detections":[');
const AFTER_DETECTIONS = Buffer.from('],"size_bytes":');

/**
 * Reads the fields of a line of which the checksum is right, without its detections, which are nearly all of it: a line
 * as this program writes it.
 *
 * @returns undefined for any other line.
 */
export function readEntryFields(line: Buffer): EntryFields | undefined {
  const body = bodyOf(line);
  const start = body.indexOf(BEFORE_DETECTIONS);
  const end = body.lastIndexOf(AFTER_DETECTIONS); // in no string: there, a quotation mark has a backslash before it
  if (start === -1 || end < start) return undefined;
  try {
    const text = `${body.toString('utf8', 0, start)}${body.toString('utf8', end + 1)}}`;
    const value = JSON.parse(text) as Unchecked;
    return hasEntryFields(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The fields that follow the detections of a line. @returns undefined for a line of another program. */
export function readAfterDetections(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  const body = bodyOf(line);
  const end = body.lastIndexOf(AFTER_DETECTIONS);
  if (end === -1) return undefined;
  try {
    return JSON.parse(`{${body.toString('utf8', end + 2)}}`) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

/** Exactly what the schema accepts, in a tenth of the time. */
function hasEntryFields(value: Unchecked): value is EntryFields {
  const { image, id, replaces, size_bytes: size, modified_ms: modified, etag } = value;
  return (
    typeof image === 'string' &&
    (id === undefined || isPositiveInteger(id)) &&
    (replaces === undefined || isPositiveInteger(replaces)) &&
    Number.isFinite(size) &&
    Number.isFinite(modified) &&
    (etag === undefined || typeof etag === 'string')
  );
}
