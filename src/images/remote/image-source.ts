import type { Readable } from 'node:stream';

/** An answer whose body has not been read yet. */
export interface OpenedImage {
  readonly body: Readable;
  readonly length: number | undefined; // bytes, as its server states them
  readonly etag: string | undefined;
  readonly modifiedMs: number; // 0 where it is not known
}

/** Milliseconds since 1970, of a Last-Modified header; 0 where there is none that can be read. */
export function toModifiedMs(lastModified: string): number {
  const time = Date.parse(lastModified);
  return Number.isFinite(time) && time > 0 ? time : 0;
}
