import { createHash } from 'node:crypto';

const BYTES = 6; // of the hash: a whole number that a double holds exactly

/**
 * A number from 0 to 1, without 1: the first six bytes of the SHA-256 of a text in UTF-8, as a whole number with the
 * most significant byte first, divided by 2^48. Other programs may compute it: it must never change.
 */
export function placeOf(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, BYTES) / 2 ** (8 * BYTES);
}
