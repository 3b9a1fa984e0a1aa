import { hash } from 'node:crypto';

const FIRST_SLOTS = 1024; // a power of two

/**
 * A set of texts that keeps 8 bytes of a hash of each instead of the text: 16 bytes or so for each of a million names,
 * where a `Set` takes a hundred. Of a million texts, one is taken for another with a probability of 1 in 10 million.
 */
export class HashedSet {
  #slots = new Uint32Array(2 * FIRST_SLOTS); // pairs, of which the first is 0 where there is none
  #size = 0;

  /** @returns Whether it was not there yet. */
  add(text: string): boolean {
    const bytes = hash('sha1', text, 'buffer');
    if (!insert(this.#slots, bytes.readUInt32LE(0) | 1, bytes.readUInt32LE(4))) return false;
    this.#size++;
    if (this.#size * 3 > this.#slots.length) this.#grow(); // two thirds are taken
    return true;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(2 * before.length);
    for (let i = 0; i < before.length; i += 2) if (before[i] !== 0) insert(this.#slots, before[i]!, before[i + 1]!);
  }
}

/** @returns Whether the pair was not there yet. */
function insert(slots: Uint32Array, first: number, second: number): boolean {
  const last = slots.length / 2 - 1;
  for (let slot = second & last; ; slot = (slot + 1) & last) {
    const at = 2 * slot;
    if (slots[at] === 0) {
      slots[at] = first;
      slots[at + 1] = second;
      return true;
    }
    if (slots[at] === first >>> 0 && slots[at + 1] === second) return false;
  }
}
